// What a search finds, with what matched in brackets.
const base = process.argv[2] ?? "http://localhost:8000/api/v1";

const answer = await fetch(`${base}/search?q=${encodeURIComponent("となりの")}`);
if (!answer.ok) throw new Error((await answer.json()).detail);
for (const hit of (await answer.json()).items) {
  const texts = hit.matched.map(({ parts }) =>
    parts.map(({ text, match }) => (match ? `[${text}]` : text)).join(""),
  );
  console.log(`${hit.name} (${hit.kind}): ${texts.join(", ")}`);
}
