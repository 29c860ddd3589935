//! Invalid certificates.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;

use super::client;
use crate::client::RequestError;

fn acceptor(years: [i32; 2]) -> TlsAcceptor {
    let mut certificate = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    [certificate.not_before, certificate.not_after] = years.map(|year| date_time_ymd(year, 1, 1));
    let key = KeyPair::generate().unwrap();
    let certificate = certificate.self_signed(&key).unwrap();
    let key = PrivatePkcs8KeyDer::from(key.serialize_der());
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key.into())
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

#[tokio::test]
async fn expired_and_untrusted_certificates_are_rejected() {
    for (years, reason) in [
        ([1999, 2001], "certificate expired"),
        ([1999, 4000], "UnknownIssuer"),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let url = format!("https://localhost:{port}").parse().unwrap();
        let acceptor = acceptor(years);
        let handshakes = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&handshakes);
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                if acceptor.accept(stream).await.is_ok() {
                    count.fetch_add(1, Ordering::SeqCst);
                }
            }
        });
        let result = client([&url]).fetch_all(None, &|_| {}).await;
        let error = result.unwrap_err().failures.remove(0).error;
        assert!(matches!(error, RequestError::Connect(_)), "{error}");
        let error = error.to_string();
        assert!(error.contains(reason) && !error.contains('\n'), "{error}");
        assert_eq!(handshakes.load(Ordering::SeqCst), 0);
    }
}
