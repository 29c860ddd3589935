use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use ring::hmac;
use secrecy::{ExposeSecret, SecretSlice};

/// The value of `webhook-signature`, as Standard Webhooks defines it.
pub(super) fn sign(secret: &SecretSlice<u8>, id: &str, timestamp: i64, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose_secret());
    let mut content = hmac::Context::with_key(&key);
    content.update(format!("{id}.{timestamp}.").as_bytes());
    content.update(body);
    format!("v1,{}", BASE64_STANDARD.encode(content.sign()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_that_of_the_specification_of_standard_webhooks() {
        let secret = BASE64_STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let secret = secret.unwrap().into();
        let body = br#"{"test": 2432232314}"#;
        let signature = sign(&secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }
}
