//! Parts of the store that are lost or corrupted at rest are reported and repaired, and never
//! shrink what is published. Each test runs on both stores.

use std::time::Duration;

use common::models::{Catalogue, Kind, Outcome};
use common::repository::{PartKind, Snapshot};
use serde_json::Value;
use syncer::commands::RepositoryCommand;
use testkit::process::{Finished, run_to_end};
use testkit::source::film;

use crate::scene::{Scene, Store, follow_to};

/// How long a command may take on a busy machine.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(60);

/// Two versions with films 10 to 20 beside the invented ones; the second adds film 20.
async fn two_versions(store: Store) -> (Scene, Snapshot) {
    let mut scene = Scene::new(store).await;
    for number in 10..20 {
        scene.source.add_film(film(number));
    }
    assert_eq!(scene.sync().await.outcome, Outcome::Published);
    scene.source.add_film(film(20));
    assert_eq!(scene.sync().await.outcome, Outcome::Published);
    let whole = scene.load().await.unwrap();
    (scene, whole)
}

pub(crate) async fn commands_refuse_damage(store: Store) {
    for corrupt in [false, true] {
        let (mut scene, whole) = two_versions(store.fresh().await).await;
        let first = scene.repository().rewind(&whole, 1).await.unwrap().unwrap();
        let lost = scene.parts(PartKind::Base).await[1];
        if corrupt {
            scene.corrupt(lost).await;
        } else {
            scene.lose(lost).await;
        }
        scene.restart().await;
        for command in [
            RepositoryCommand::Rollback { version: 1 },
            RepositoryCommand::Pin { version: 2 },
        ] {
            let refused = scene.command(command).await.unwrap_err();
            assert!(refused.contains(&lost.to_string()), "{refused}");
            assert!(refused.contains("syncer once"), "{refused}");
        }
        let head = scene.head().await;
        assert_eq!((head.version, head.pin, head.lease), (2, None, None));

        scene.restart().await;
        let run = scene.sync().await;
        assert_eq!(run.outcome, Outcome::Published, "{run:?}");
        assert_eq!(run.damage, [lost.to_string()]);
        assert!(run.notes[0].contains("republished in full"), "{run:?}");
        assert_eq!(scene.repository().runs(1).await.unwrap(), [run]);
        let repaired = scene.load().await.unwrap();
        assert_eq!(repaired.catalogue, whole.catalogue);
        scene.restart().await;
        scene
            .command(RepositoryCommand::Rollback { version: 1 })
            .await
            .unwrap();
        let back = scene.load().await.unwrap();
        assert_eq!(back.catalogue, first.catalogue);
    }
}

pub(crate) async fn exit_codes(store: Store) {
    let (scene, whole) = two_versions(store).await;
    let films = whole.catalogue.count(Kind::Movie);
    let base = scene.parts(PartKind::Base).await;
    scene.lose(base[0]).await;
    let run = async |args: &[&str]| run_syncer(&scene, args).await;
    let refused = run(&["rollback", "1"]).await;
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.stderr.contains(&base[0].to_string()), "{refused:?}");
    let once = run(&["once"]).await;
    assert_eq!(once.code, Some(0), "{once:?}");
    assert!(once.stdout.contains("repaired"), "{once:?}");
    let history = run(&["history"]).await;
    assert!(history.stdout.contains(&base[0].to_string()), "{history:?}");
    let back = run(&["rollback", "1"]).await;
    assert_eq!(back.code, Some(0), "{back:?}");
    let back = scene.load().await.unwrap();
    assert_eq!(back.catalogue.count(Kind::Movie), films - 1);
}

/// Runs the real program over the store and the source of a scene.
async fn run_syncer(scene: &Scene, args: &[&str]) -> Finished {
    let source = scene.source.url();
    let envs = [
        ("PYFLIX_DATABASE_URL", scene.store.url.as_str()),
        ("PYFLIX_PROVIDER_URLS", source.as_str()),
    ];
    run_to_end("syncer", &envs, args, COMMAND_TIMEOUT).await
}

/// The films that a damaged catalogue lacks.
fn lost_films(whole: &Catalogue, readable: &Catalogue) -> Vec<String> {
    let lost = whole.iter(Kind::Movie).map(|film| film.id.to_string());
    lost.filter(|id| readable.number(Kind::Movie, id).is_none())
        .collect()
}

pub(crate) async fn lost_items(store: Store) {
    let (mut scene, whole) = two_versions(store).await;
    let mut follower = scene.repository().follow();
    follow_to(&mut follower, &whole).await;
    for part in scene.parts(PartKind::Base).await {
        scene.lose(part).await;
        if !lost_films(&whole.catalogue, &scene.load().await.unwrap().catalogue).is_empty() {
            break;
        }
    }
    let readable = scene.load().await.unwrap().catalogue;
    let lost = lost_films(&whole.catalogue, &readable).remove(0);
    let stays = readable.iter(Kind::Movie).next().unwrap().id.to_string();
    scene.source.remove_film(&lost);
    scene.source.remove_film(&stays);
    scene.restart().await;
    let run = scene.sync().await;
    assert_eq!(run.outcome, Outcome::Published, "{run:?}");
    let named = format!("1 item is lost: movie {lost}");
    assert!(run.notes[0].contains(&named), "{run:?}");
    let loaded = scene.load().await.unwrap();
    assert_eq!(loaded.header.note.as_ref(), Some(&run.notes[0]));
    let followed = follow_to(&mut follower, &loaded).await;
    assert_eq!(followed.catalogue, loaded.catalogue);
    assert!(loaded.catalogue.get(Kind::Movie, &lost).is_none());
    assert!(loaded.catalogue.get(Kind::Movie, &stays).is_some());
    let missing = scene.repository().missing().await.unwrap();
    assert_eq!(missing.len(), 1);
    assert_eq!((&*missing[0].id, missing[0].missed_syncs), (&*stays, 1));
}

pub(crate) async fn held_repair(store: Store) {
    let (mut scene, whole) = two_versions(store).await;
    for part in scene.parts(PartKind::Base).await {
        scene.lose(part).await;
    }
    let films: Vec<Value> = scene.source.catalogue().films.split_off(12);
    scene.source.set("films", films);
    scene.restart().await;
    let held = scene.sync().await;
    assert_eq!(held.outcome, Outcome::Held, "{held:?}");
    assert_eq!(held.rules, ["fuse_lost"]);
    assert!(!held.damage.is_empty());
    assert_eq!(scene.load().await.unwrap().version(), 2);
    scene.command(RepositoryCommand::Approve).await.unwrap();
    let run = scene.sync().await;
    assert_eq!(run.outcome, Outcome::Published, "{run:?}");
    let loaded = scene.load().await.unwrap();
    assert!(loaded.damage.is_empty());
    let lost = whole.catalogue.len() - loaded.catalogue.len();
    assert_eq!(lost, 12);
    let note = loaded.header.note.unwrap();
    assert!(note.contains("12 items are lost: movie "), "{note}");
}

pub(crate) async fn pinned(store: Store) {
    let (mut scene, whole) = two_versions(store).await;
    scene
        .command(RepositoryCommand::Pin { version: 2 })
        .await
        .unwrap();
    let lost = scene.parts(PartKind::Base).await[0];
    scene.lose(lost).await;
    let before = scene.source.catalogue();
    scene.source.edit(|source| {
        for kind in ["films", "people", "locations", "species", "vehicles"] {
            for record in source.collection_mut(kind) {
                record["extra"] = "another".into();
            }
        }
    });
    let once = run_syncer(&scene, &["once"]).await;
    assert_eq!(once.code, Some(1), "{once:?}");
    assert_eq!(once.stderr.matches("syncer unpin").count(), 1, "{once:?}");
    let verify = run_syncer(&scene, &["verify"]).await;
    let remedy = "`syncer unpin`, then `syncer once`, repairs it";
    assert!(verify.stdout.contains(remedy), "{verify:?}");
    scene.restart().await;
    let run = scene.sync().await;
    assert_eq!(run.outcome, Outcome::Unchanged, "{run:?}");
    assert!(
        run.reason.as_ref().unwrap().contains("syncer unpin"),
        "{run:?}"
    );
    assert_eq!(run.damage, [lost.to_string()]);
    assert_eq!(scene.load().await.unwrap().version(), 2);

    scene.source.edit(|source| *source = before);
    let run = scene.sync().await;
    assert_eq!(run.outcome, Outcome::Published, "{run:?}");
    let head = scene.head().await;
    assert_eq!((head.version, head.pin), (3, Some(3)));
    assert_eq!(scene.load().await.unwrap().catalogue, whole.catalogue);
}

pub(crate) async fn corruption_under_a_running_syncer(store: Store) {
    let (mut scene, whole) = two_versions(store).await;
    scene.source.send_etags();
    scene.sync().await;
    let parts = scene.parts(PartKind::Base).await;
    scene.corrupt(parts[2]).await;
    let mut runs = 0;
    let run = loop {
        runs += 1;
        let run = scene.sync().await;
        if run.outcome != Outcome::Unchanged {
            break run;
        }
        assert!(runs <= parts.len() + 1, "every part is verified in lease");
    };
    assert_eq!(run.outcome, Outcome::Published, "{run:?}");
    assert_eq!(run.damage, [parts[2].to_string()]);
    let repaired = scene.load().await.unwrap();
    assert!(repaired.damage.is_empty());
    assert_eq!(repaired.catalogue, whole.catalogue);
    assert_eq!(scene.sync().await.outcome, Outcome::Unchanged);
}

pub(crate) async fn failed_last_write(store: Store) {
    let (mut scene, _) = two_versions(store).await;
    scene.source.add_film(film(21));
    scene.store.refuse_writes_to("unchanged_marker").await;
    let run = scene.sync().await;
    let expected = (Outcome::Published, 3);
    assert_eq!((run.outcome, run.version), expected, "{run:?}");
    let failed = "what follows a publication could not be written";
    assert!(run.notes[0].contains(failed), "{run:?}");
    assert_eq!(scene.repository().runs(1).await.unwrap(), [run]);
}

pub(crate) async fn failed_write_after_publishing(store: Store) {
    let (mut scene, _) = two_versions(store).await;
    let removed = scene.source.catalogue().films[0]["id"].clone();
    scene.source.remove_film(removed.as_str().unwrap());
    scene.source.add_film(film(21));
    scene.store.refuse_writes_to("missing").await;
    let run = scene.sync().await;
    assert_eq!(
        (run.outcome, run.version),
        (Outcome::Published, 3),
        "{run:?}"
    );
    // The writes after that one take place.
    let failed = "the missing items could not be written";
    assert!(run.notes[0].contains(failed), "{run:?}");
    assert!(!scene.head().await.dirty, "the view is complete");
    assert_eq!(scene.load().await.unwrap().version(), 3);
    assert_eq!(scene.repository().runs(1).await.unwrap(), [run]);
}
