"""Copies the view of a database into an empty one by plain upserts; prints the seconds."""

import sys
import time

import pymongo

BATCH = 1000
client = pymongo.MongoClient(sys.argv[1])
source = client.get_default_database()
target = client.get_database(
    source.name + "_peer",
    write_concern=pymongo.WriteConcern(w="majority", j=True),
)
kinds = ["movies", "people", "locations", "species", "vehicles"]
documents = {kind: list(source[kind].find()) for kind in kinds}
started = time.monotonic()
for kind, of_kind in documents.items():
    for start in range(0, len(of_kind), BATCH):
        batch = of_kind[start : start + BATCH]
        upserts = [
            pymongo.ReplaceOne({"_id": document["_id"]}, document, upsert=True)
            for document in batch
        ]
        target[kind].bulk_write(upserts, ordered=False)
print(time.monotonic() - started)
client.drop_database(target.name)
client.drop_database(source.name)
