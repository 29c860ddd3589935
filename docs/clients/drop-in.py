"""Prints every person, page by page, following the Link header."""

import json
import re
import sys
import urllib.request

base = sys.argv[1] if len(sys.argv) > 1 else "http://localhost:8000/ghibli"

url = f"{base}/people?_page=1&_limit=20"
while url:
    with urllib.request.urlopen(url) as response:
        for person in json.load(response):
            print(person["name"])
        following = re.search(r'<([^>]+)>; rel="next"', response.headers.get("Link", ""))
    url = following and following[1]
