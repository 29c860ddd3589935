"""Keeps a copy of all people in sync: reads the list once, then only the changes."""

import json
import sys
import time
import urllib.error
import urllib.request

base = sys.argv[1] if len(sys.argv) > 1 else "http://localhost:8000/api/v1"


def get(path):
    while True:
        try:
            with urllib.request.urlopen(base + path) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            if error.code != 503:
                raise
            # The server is starting, or reading earlier versions.
            time.sleep(int(error.headers.get("Retry-After", 5)))


def pages_of_changes(since):
    page = get(f"/changes?since={since}")
    yield page
    while page["page"] * page["per_page"] < page["total"]:
        # `until` keeps the pages in place if a version is published meanwhile.
        until, number = page["version"], page["page"] + 1
        page = get(f"/changes?since={since}&until={until}&page={number}")
        yield page


def read_all():
    people, page = {}, 1
    while True:
        response = get(f"/people?per_page=50&page={page}")
        people |= {person["id"]: person for person in response["items"]}
        if len(people) >= response["total"] or not response["items"]:
            return response["version"], people
        page += 1


version, people = read_all()
try:
    for page in pages_of_changes(version):
        for change in page["added"] + page["updated"]:
            if change["kind"] == "person":
                people[change["id"]] = change.get("after") or change["item"]
        for change in page["removed"]:
            people.pop(change["id"], None)
except urllib.error.HTTPError as error:
    if error.code != 410:
        raise
    version, people = read_all()
for person in sorted(people.values(), key=lambda person: person["name"]):
    print(person["name"])
