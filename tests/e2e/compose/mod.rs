//! The compose file on a Docker engine, if there is one.

mod settings;

use std::time::Instant;

use e2e::compose::engine::Image;
use e2e::compose::{ComposeFile, Project};
use testkit::skips::skip;
use testkit::source::Source;

#[tokio::test(flavor = "multi_thread")]
async fn the_compose_file_serves_the_source_and_keeps_its_data() {
    let source = Source::start().await;
    let mut file = ComposeFile::small();
    // More than the memory of the syncer's container.
    let max_bytes = ("PYFLIX_PROVIDER_MAX_BYTES", "512MiB".to_owned());
    file.variables.push(max_bytes);
    let project = match Project::new(file, Image::HostBinaries, &source).await {
        Ok(project) => project,
        Err(why) => {
            return skip(
                "the_compose_file_serves_the_source_and_keeps_its_data",
                &why,
            );
        }
    };

    project.compose(&["up", "--no-build", "-d"]).await;
    project
        .wait_for_title(&source.catalogue().titles()[0])
        .await;
    project.wait_for_health().await;
    project.assert_services_are_confined().await;
    let logs = project.compose(&["logs", "--no-color", "syncer"]).await;
    assert!(logs.contains("SYNCER_MEMORY_LIMIT in .env"), "{logs}");
    let version = project.version().await;

    let film = source.catalogue().films[0]["id"].clone();
    source.rename_film(film.as_str().unwrap(), "Renamed at the Source");
    project.compose(&["run", "--rm", "syncer", "once"]).await;
    project.wait_for_title("Renamed at the Source").await;
    assert_eq!(project.version().await, version + 1);

    project.compose(&["down"]).await;
    source.stop().await;
    project.compose(&["up", "--no-build", "-d"]).await;
    project.wait_for_title("Renamed at the Source").await;
    assert_eq!(project.version().await, version + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn init_names_a_database_that_does_not_stay_up() {
    let name = "init_names_a_database_that_does_not_stay_up";
    let source = Source::start().await;
    let project = match Project::new(ComposeFile::small(), Image::HostBinaries, &source).await {
        Ok(project) => project.with_mongod("exit 62").await,
        Err(why) => return skip(name, &why),
    };
    let failed = project.try_compose(&["up", "--no-build", "-d"]).await;
    assert!(failed.is_err(), "{failed:?}");
    let logs = project.compose(&["logs", "--no-color", "init"]).await;
    for expected in [
        "movies_db does not stay up",
        "docker-compose ps movies_db",
        "docker-compose logs --tail=30 movies_db",
    ] {
        assert!(logs.contains(expected), "{logs}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_set_up_is_done_again() {
    let source = Source::start().await;
    // The first start of the database ends during the set-up.
    let once = "[ -e /data/db/second ] && exec mongod \"$@\"; : >/data/db/second; exit 14";
    let project = match Project::new(ComposeFile::small(), Image::HostBinaries, &source).await {
        Ok(project) => project.with_mongod(once).await,
        Err(why) => return skip("an_interrupted_set_up_is_done_again", &why),
    };
    project.compose(&["up", "--no-build", "-d"]).await;
    project
        .wait_for_title(&source.catalogue().titles()[0])
        .await;
    assert!(project.restarts("init").await > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_compose_file_builds_its_image_and_starts() {
    let name = "the_compose_file_builds_its_image_and_starts";
    if std::env::var("PYFLIX_TEST_COMPOSE_BUILD").as_deref() != Ok("1") {
        return skip(
            name,
            "it takes minutes; PYFLIX_TEST_COMPOSE_BUILD=1 turns it on",
        );
    }
    let source = Source::start().await;
    let project = match Project::new(ComposeFile::small(), Image::Dockerfile, &source).await {
        Ok(project) => project,
        Err(why) => return skip(name, &why),
    };

    let start = Instant::now();
    project.compose(&["up", "--build", "-d"]).await;
    project
        .wait_for_title(&source.catalogue().titles()[0])
        .await;
    println!("built and started in {} s", start.elapsed().as_secs());
}
