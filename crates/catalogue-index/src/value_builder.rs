use std::collections::HashMap;
use std::sync::Arc;

use common::models::{Item, Number};
use imbl::OrdMap;
use roaring::RoaringBitmap;

use crate::field::{self, Field, FieldValue};

/// Collects the items with each value. Texts are kept as written until the end, so that each
/// distinct one is lowercased once.
#[derive(Default)]
pub(crate) struct ValueBuilder {
    texts: HashMap<Field, HashMap<Box<str>, RoaringBitmap>>,
    numbers: HashMap<(Field, u32), RoaringBitmap>,
}

impl ValueBuilder {
    pub(crate) fn push(&mut self, number: Number, item: &Item) {
        for field in field::of_kind(item.kind()) {
            if let Some(value) = field::number(*field, item) {
                insert(self.numbers.entry((*field, value)).or_default(), number);
            }
            for text in field::texts(*field, item) {
                let texts = self.texts.entry(*field).or_default();
                match texts.get_mut(text) {
                    Some(numbers) => insert(numbers, number),
                    None => insert(texts.entry(text.into()).or_default(), number),
                }
            }
        }
    }

    pub(crate) fn finish(self) -> OrdMap<(Field, FieldValue), Arc<RoaringBitmap>> {
        let mut values: HashMap<(Field, FieldValue), RoaringBitmap> = HashMap::new();
        for (field, texts) in self.texts {
            for (text, numbers) in texts {
                let value = (field, FieldValue::text(&text));
                *values.entry(value).or_default() |= numbers;
            }
        }
        let numbers = self.numbers.into_iter();
        let numbers =
            numbers.map(|((field, value), numbers)| ((field, FieldValue::Number(value)), numbers));
        let values = values.into_iter().chain(numbers);
        values
            .map(|(value, numbers)| (value, Arc::new(numbers)))
            .collect()
    }
}

/// Appending is cheaper than inserting, and most numbers are the highest so far.
fn insert(numbers: &mut RoaringBitmap, number: Number) {
    if numbers.try_push(number).is_err() {
        numbers.insert(number);
    }
}
