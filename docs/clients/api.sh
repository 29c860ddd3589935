#!/bin/sh
# Prints the movies of a director, oldest first, and the results of a search.
set -eu
base=${1:-http://localhost:8000/api/v1}

curl -fsS "$base/movies?director=Hayao+Miyazaki&sort=year&fields=title,release_year"
echo
curl -fsS "$base/search?q=totoro&kind=movie"
echo
