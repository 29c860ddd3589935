// Prints search results, with the matches in brackets.
const base = process.argv[2] ?? "http://localhost:8000/api/v1";

const response = await fetch(`${base}/search?q=${encodeURIComponent("となりの")}`);
if (!response.ok) throw new Error((await response.json()).detail);
for (const hit of (await response.json()).items) {
  const texts = hit.matched.map(({ parts }) =>
    parts.map(({ text, match }) => (match ? `[${text}]` : text)).join(""),
  );
  console.log(`${hit.name} (${hit.kind}): ${texts.join(", ")}`);
}
