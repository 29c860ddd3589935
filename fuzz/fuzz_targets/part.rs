#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| common::repository::fuzzing::read_part(data));
