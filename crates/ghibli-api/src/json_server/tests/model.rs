//! Random queries, compared with a simple model.

use proptest::prelude::*;

use super::*;

/// The source's algorithm, for records with one text field.
fn model(texts: &[String], params: &[(String, String)]) -> Vec<u32> {
    let mut left: Vec<usize> = (0..texts.len()).collect();
    let of = |name: &str| -> Vec<&String> {
        let named = params.iter().filter(|(other, _)| other == name);
        named.map(|(_, value)| value).collect()
    };
    let number = |text: &str| match text {
        "" => Some(0.0),
        text => text.parse::<f64>().ok(),
    };
    let is_number = |text: &str| !text.is_empty() && number(text).is_some();
    for name in ["t", "t_ne", "t_gte", "t_lte"] {
        let values = of(name);
        if values.is_empty() || texts.is_empty() {
            continue;
        }
        left.retain(|&index| {
            let text = &texts[index];
            values.iter().any(|value| {
                let ordering = if is_number(value) {
                    number(value)
                        .partial_cmp(&number(text))
                        .filter(|_| number(text).is_some())
                } else {
                    Some(value.as_str().cmp(text))
                };
                match name {
                    "t" => !is_number(value) && value.as_str() == text,
                    "t_ne" => is_number(value) || value.as_str() != text,
                    "t_gte" => ordering.is_some_and(std::cmp::Ordering::is_le),
                    _ => ordering.is_some_and(std::cmp::Ordering::is_ge),
                }
            })
        });
    }
    if of("_sort").first().is_some_and(|by| *by == "t") {
        left.sort_by(|a, b| texts[*a].cmp(&texts[*b]));
        if of("_order") == ["DESC"] {
            left.reverse();
        }
    }
    if let Some(limit) = of("_limit").first() {
        let limit = limit.parse().unwrap_or(0);
        let start = of("_start")
            .first()
            .map_or(0, |start| start.parse().unwrap_or(0));
        left = left.into_iter().skip(start).take(limit).collect();
    }
    left.into_iter()
        .map(|index| u32::try_from(index).unwrap())
        .collect()
}

fn word() -> impl Strategy<Value = String> {
    prop_oneof!["[a-cA-C]{0,2}", "[1-9][0-9]{0,1}", Just(String::new())]
}

proptest! {
    #[test]
    fn queries_select_what_the_model_selects(
        texts in prop::collection::vec(word(), 0..12),
        conditions in prop::collection::vec(
            (prop::sample::select(vec!["t", "t_ne", "t_gte", "t_lte"]), word()),
            0..4,
        ),
        order in prop::option::of(prop::sample::select(vec!["ASC", "DESC"])),
        part in prop::option::of((0..6_u8, 1..6_u8)),
    ) {
        let mut params: Vec<(String, String)> = conditions
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        if let Some(order) = order {
            params.push(("_sort".to_owned(), "t".to_owned()));
            params.push(("_order".to_owned(), order.to_owned()));
        }
        if let Some((start, limit)) = part {
            params.push(("_start".to_owned(), start.to_string()));
            params.push(("_limit".to_owned(), limit.to_string()));
        }
        let query: Vec<_> = params.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let records: Vec<_> = texts
            .iter()
            .map(|text| RawValue::from_string(json!({"t": text}).to_string()).unwrap())
            .collect();
        let (numbers, _) = select_from(&query.join("&"), records).unwrap();
        prop_assert_eq!(numbers, model(&texts, &params), "{}", query.join("&"));
    }

    #[test]
    fn no_query_panics(query in ".{0,80}", name in "[a-z_\\[\\].]{0,12}") {
        for query in [query.clone(), format!("title_like={query}"), format!("{name}={query}")] {
            let _ = select(&query);
        }
    }
}
