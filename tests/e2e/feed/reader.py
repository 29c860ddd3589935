"""Reads a feed twice, as feed readers do, and prints what they see as JSON."""

import json
import sys

import feedparser

url = sys.argv[1]
feed = feedparser.parse(url)
again = feedparser.parse(url, etag=feed.get("etag"))
print(json.dumps({
    "problem": str(feed.get("bozo_exception", "")),
    "format": feed.version,
    "title": feed.feed.title,
    "author": feed.feed.author,
    "entries": [
        {
            "id": entry.id,
            "title": entry.title,
            "link": entry.link,
            "updated": entry.updated_parsed,
            "content": entry.content[0].value,
        }
        for entry in feed.entries
    ],
    "status_again": again.status,
}))
