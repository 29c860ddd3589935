"""Reads everything through the Ghibli client of anime-api, and prints what it finds as JSON."""

import importlib
import importlib.util
import json
import sys
import types
from pathlib import Path

# The package imports the clients of all its APIs, which need libraries of their own.
package = Path(importlib.util.find_spec("anime_api").origin).parent
for name, folder in [("anime_api", package), ("anime_api.apis", package / "apis")]:
    module = types.ModuleType(name)
    module.__path__ = [str(folder)]
    sys.modules[name] = module
Client = importlib.import_module("anime_api.apis.studio_ghibli_api").StudioGhibliAPI
sys.modules["anime_api.apis"].StudioGhibliAPI = Client

# Objects that load themselves use the address of the class.
Client.endpoint = sys.argv[1]
client = Client()
animes = client.get_animes()
castle = client.get_anime(animes[0].id)
print(json.dumps({
    "animes": [anime.title.english for anime in animes],
    "romaji": castle.title.romaji,
    "score": castle.rt_score,
    "people": [person.name for person in castle.people],
    "locations": [location.name for location in castle.locations],
    "species": [species.name for species in castle.species],
    "vehicles": [vehicle.name for vehicle in castle.vehicles],
    "counts": [
        len(client.get_people()),
        len(client.get_locations()),
        len(client.get_species()),
        len(client.get_vehicles()),
    ],
    "again": [
        client.get_person(client.get_people()[0].id).name,
        client.get_location(client.get_locations()[0].id).name,
        client.get_single_species(client.get_species()[0].id).name,
        client.get_vehicle(client.get_vehicles()[0].id).name,
    ],
    "first": [
        client.get_people()[0].name,
        client.get_locations()[0].name,
        client.get_species()[0].name,
        client.get_vehicles()[0].name,
    ],
}))
