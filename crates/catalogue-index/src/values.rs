use std::collections::HashMap;
use std::sync::Arc;

use common::models::{Item, Number};
use imbl::OrdMap;
use roaring::RoaringBitmap;

use super::field::{self, Field, Value};

/// The items of a whole catalogue by what they have, under way: by texts as they are written,
/// which are few, so that each is put into lower case once.
#[derive(Default)]
pub(super) struct Values {
    texts: HashMap<Field, HashMap<Box<str>, RoaringBitmap>>,
    numbers: HashMap<(Field, u32), RoaringBitmap>,
}

impl Values {
    pub(super) fn push(&mut self, number: Number, item: &Item) {
        for field in field::of_kind(item.kind()) {
            if let Some(value) = field::number(*field, item) {
                push(self.numbers.entry((*field, value)).or_default(), number);
            }
            for text in field::texts(*field, item) {
                let texts = self.texts.entry(*field).or_default();
                match texts.get_mut(text) {
                    Some(numbers) => push(numbers, number),
                    None => push(texts.entry(text.into()).or_default(), number),
                }
            }
        }
    }

    pub(super) fn finish(self) -> OrdMap<(Field, Value), Arc<RoaringBitmap>> {
        let mut values: HashMap<(Field, Value), RoaringBitmap> = HashMap::new();
        for (field, texts) in self.texts {
            for (text, numbers) in texts {
                *values.entry((field, Value::text(&text))).or_default() |= numbers;
            }
        }
        let numbers = self.numbers.into_iter();
        let numbers =
            numbers.map(|((field, value), numbers)| ((field, Value::Number(value)), numbers));
        let values = values.into_iter().chain(numbers);
        values
            .map(|(value, numbers)| (value, Arc::new(numbers)))
            .collect()
    }
}

/// Mostly it is the highest so far, which is put behind the others at once.
fn push(numbers: &mut RoaringBitmap, number: Number) {
    if numbers.try_push(number).is_err() {
        numbers.insert(number);
    }
}
