#!/bin/sh
# The films of a director, asked for at the base URL that is the first argument.
set -eu
base=${1:-http://localhost:8000/ghibli}

curl --fail --silent --show-error --get "$base/films" \
    --data-urlencode 'director=Isao Takahata' \
    --data-urlencode '_sort=release_date' \
    --data-urlencode 'fields=title,release_date'
