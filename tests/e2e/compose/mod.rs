//! The compose file on a Docker engine, if there is one.

mod engine;
mod project;
mod settings;

use std::time::Instant;

use engine::Image;
use project::Project;
use testkit::skips::skip;
use testkit::source::Source;

#[tokio::test(flavor = "multi_thread")]
async fn the_compose_file_serves_the_source_and_keeps_its_data() {
    let source = Source::start().await;
    let project = match Project::new(Image::HostBinaries, &source).await {
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
async fn the_compose_file_builds_its_image_and_starts() {
    let name = "the_compose_file_builds_its_image_and_starts";
    if std::env::var("PYFLIX_TEST_COMPOSE_BUILD").as_deref() != Ok("1") {
        return skip(
            name,
            "it takes minutes; PYFLIX_TEST_COMPOSE_BUILD=1 turns it on",
        );
    }
    let source = Source::start().await;
    let project = match Project::new(Image::Dockerfile, &source).await {
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
