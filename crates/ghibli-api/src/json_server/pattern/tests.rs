use super::*;

#[test]
fn patterns_match_as_in_javascript() {
    for (pattern, text, expected) in [
        ("^the", "The Wind Rises", true),
        ("totoro$", "My Neighbor Totoro", true),
        ("", "", true),
        ("a.c", "a\u{2028}c", false),
        ("a.c", "aūc", true),
        (r"^\d+$", "١٢", false),
        (r"^\w+$", "Ōgaki", false),
        (r"\bo", "ōo", true),
        (r"\Bo", "xo", true),
        (r"a\sb", "a\u{feff}b", true),
        (r"a\sb", "a\u{85}b", false),
        (r"x{", "x{", true),
        (r"x{,3}", "x{,3}", true),
        (r"^x{2,}?$", "xxx", true),
        (r"}]", "}]", true),
        (r"\/\-\_\<\>\A\z", "/-_<>Az", true),
        (r"\u3042\x41", "あa", true),
        (r"\ud83d\ude00", "😀", true),
        (r"\u{3}", "uuu", true),
        (r"\p{L}", "p{L}", true),
        (r"\x4", "x4", true),
        (r"[]", "", false),
        (r"[^]", "\n", true),
        (r"[[a&&b]", "&", true),
        (r"^[a\]b]+$", "a]b", true),
        (r"[\w-.]", "-", true),
        (r"[\b]", "\u{8}", true),
        (r"[^\D]", "5", true),
        (r"(?<year>\d{4})", "1988", true),
        (r"\k", "k", true),
        (r"\1", "\u{1}", true),
        (r"[(]\1", "(\u{1}", true),
        (r"\8", "8", true),
        (r"\cJ", "\n", true),
        (r"\c", r"\c", true),
        ("#a b", "#a b", true),
        ("宮崎|高畑", "高畑勲", true),
    ] {
        let regex = compile(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
        assert_eq!(regex.is_match(text), expected, "{pattern} in {text:?}");
    }
}

#[test]
fn unusable_patterns_have_a_reason() {
    for (pattern, reason) in [
        ("(?=a)", "ahead"),
        ("(?!a)", "ahead"),
        ("(?<=a)b", "behind"),
        ("(?<!a)b", "behind"),
        (r"(a)\1", "back-reference"),
        (r"\1(a)", "back-reference"),
        (r"(?<n>a)\k<n>", "back-reference"),
        ("(?i)a", "group"),
        ("(a", "unclosed"),
        ("a)", ")"),
        ("[a", "unclosed"),
        ("[a-", "unclosed"),
        ("*a", "nothing"),
        ("a**", "nothing"),
        ("a++", "nothing"),
        ("^*", "nothing"),
        (r"\b+", "nothing"),
        ("(|*)", "nothing"),
        ("a\\", "backslash"),
        ("[z-a]", "reversed"),
        ("x{2,1}", "not a valid pattern"),
        ("((a{99}){99}){99}", "too complex"),
        (r"[\u0000-\uffff][\u0000-\uffff]", "too large"),
    ] {
        let error = compile(pattern).unwrap_err();
        assert!(error.contains(reason), "{pattern}: {error}");
    }
    assert!(compile(&"a".repeat(MAX_BYTES + 1)).is_err());
    assert!(compile(&"(".repeat(200)).is_err());
    assert!(compile(&format!("{}{}", "(".repeat(200), ")".repeat(200))).is_err());
}
