// The people of a film, found by its title and followed by their links.
const base = process.argv[2] ?? "http://localhost:8000/ghibli";

async function read(url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

const [film] = await read(`${base}/films?title_like=^castle`);
const people = await Promise.all(film.people.map(read));
console.log(film.title);
for (const person of people) console.log(`- ${person.name}`);
