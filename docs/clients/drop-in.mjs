// Prints the characters of a film, following the links in its record.
const base = process.argv[2] ?? "http://localhost:8000/ghibli";

async function read(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`);
  return response.json();
}

const [film] = await read(`${base}/films?title_like=^castle`);
const people = await Promise.all(film.people.map(read));
console.log(film.title);
for (const person of people) console.log(`- ${person.name}`);
