//! The slots of listeners, which are limited.

use std::path::Path;

use testkit::process::binary;
use tokio::io::AsyncWriteExt as _;

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_that_closes_its_connection_frees_its_slot_at_once() {
    slots_are_free_after(async |listeners| drop(listeners)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_that_resets_its_connection_frees_its_slot_at_once() {
    slots_are_free_after(async |listeners| {
        for listener in &listeners {
            listener.stream.get_ref().set_zero_linger().unwrap();
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_that_shuts_down_its_sending_side_frees_its_slot_at_once() {
    let mut open = Vec::new();
    slots_are_free_after(async |mut listeners| {
        for listener in &mut listeners {
            listener.stream.get_mut().shutdown().await.unwrap();
        }
        open = listeners;
    })
    .await;
    drop(open);
}

/// Opens event streams in all slots, passes them to `end`, and opens all slots again, which must not
/// wait for a heartbeat.
async fn slots_are_free_after(end: impl AsyncFnOnce(Vec<Listener>)) {
    let store = Store::sqlite();
    let (_webapp, host) = webapp_with_few_slots(&store).await;
    let mut listeners = Vec::new();
    let refusal = loop {
        match Listener::at(&host, None).await {
            Ok(listener) => listeners.push(listener),
            Err(refusal) => break refusal,
        }
    };
    assert!(refusal.starts_with("HTTP/1.1 503"), "{refusal}");
    let places = listeners.len();
    assert!((10..200).contains(&places), "{places}");
    for listener in &mut listeners {
        assert_eq!(listener.next().await.name, "hello");
    }

    end(listeners).await;

    let mut others = Vec::new();
    let free = testkit::eventually(Duration::from_secs(10), async || {
        match Listener::at(&host, None).await {
            Ok(listener) => others.push(listener),
            Err(refusal) => return Err(refusal),
        }
        let taken = others.len();
        (taken == places)
            .then_some(taken)
            .ok_or_else(|| format!("{taken} of {places}"))
    });
    assert_eq!(free.await, places);
}

/// A web app with at most 200 open files: half of them for connections, and half of those for
/// listeners.
async fn webapp_with_few_slots(store: &Store) -> (Service, String) {
    let command = format!(
        "ulimit -n 200 && PYFLIX_LISTEN=127.0.0.1:0 PYFLIX_DATABASE_URL='{}' exec '{}'",
        store.url,
        binary("webapp").display()
    );
    let folder = store.file().parent().unwrap().to_owned();
    let webapp = Service::start_program(&folder, Path::new("/bin/sh"), &["-c", &command]);
    let line = webapp
        .wait_for_line(|line| line.contains("http://127.0.0.1:"), DEADLINE)
        .await;
    let (_, address) = line.split_once("http://").unwrap();
    let is_of_host = |c: &char| c.is_ascii_digit() || matches!(c, '.' | ':');
    let host: String = address.chars().take_while(is_of_host).collect();
    wait_until_shows(&format!("http://{host}/"), "Welcome").await;
    (webapp, host)
}
