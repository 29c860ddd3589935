#!/bin/sh
# Prints the films of a director. The first argument is the base URL.
set -eu
base=${1:-http://localhost:8000/ghibli}

curl --fail --silent --show-error --get "$base/films" \
    --data-urlencode 'director=Isao Takahata' \
    --data-urlencode '_sort=release_date' \
    --data-urlencode 'fields=title,release_date'
