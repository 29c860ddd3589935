use std::ops::Range;

/// How many texts share one whole one: more save memory, fewer save time.
const BLOCK: usize = 16;

/// Sorted texts, each stored as what it has in common with the one before and what follows.
#[derive(Debug, Default)]
pub(super) struct Sorted {
    bytes: Vec<u8>,
    /// Where each block begins.
    blocks: Vec<u32>,
    len: usize,
    last: Vec<u8>,
}

impl Sorted {
    /// Puts a text behind the others; it must not sort before them.
    pub(super) fn push(&mut self, text: &[u8]) {
        let shared = if self.len.is_multiple_of(BLOCK) {
            self.blocks
                .push(u32::try_from(self.bytes.len()).unwrap_or(u32::MAX));
            0
        } else {
            let pairs = self.last.iter().zip(text);
            pairs.take_while(|(a, b)| a == b).count()
        };
        push_number(&mut self.bytes, shared);
        push_number(&mut self.bytes, text.len() - shared);
        self.bytes.extend_from_slice(&text[shared..]);
        self.last.truncate(shared);
        self.last.extend_from_slice(&text[shared..]);
        self.len += 1;
    }

    pub(super) fn finish(&mut self) {
        self.last = Vec::new();
        self.bytes.shrink_to_fit();
        self.blocks.shrink_to_fit();
    }

    /// The texts from a place on, in order.
    pub(super) fn from(&self, place: usize) -> Texts<'_> {
        let block = place / BLOCK;
        let start = self.blocks.get(block).copied().unwrap_or(u32::MAX);
        let mut texts = Texts {
            bytes: self.bytes.get(start as usize..).unwrap_or_default(),
            text: Vec::new(),
        };
        for _ in 0..place % BLOCK {
            texts.next();
        }
        texts
    }

    /// The place of a text, the first of them if it stands there more than once.
    pub(super) fn find(&self, text: &str) -> Option<usize> {
        let place = self.partition(|other| other < text.as_bytes());
        (self.from(place).next() == Some(text.as_bytes())).then_some(place)
    }

    /// The places of all texts that begin with this one.
    pub(super) fn beginning(&self, start: &str) -> Range<usize> {
        let start = start.as_bytes();
        let from = self.partition(|other| other < start);
        from..self.partition(|other| other < start || other.starts_with(start))
    }

    /// The number of texts for which `before` holds, which must be the first ones.
    fn partition(&self, before: impl Fn(&[u8]) -> bool) -> usize {
        let blocks = self.blocks.partition_point(|start| {
            let bytes = self.bytes.get(*start as usize..).unwrap_or_default();
            Texts {
                bytes,
                text: Vec::new(),
            }
            .next()
            .is_some_and(&before)
        });
        let Some(block) = blocks.checked_sub(1) else {
            return 0;
        };
        let mut place = block * BLOCK;
        let mut texts = self.from(place);
        while place < self.len && texts.next().is_some_and(&before) {
            place += 1;
        }
        place
    }
}

/// The texts of a [`Sorted`] from some place on.
pub(super) struct Texts<'a> {
    bytes: &'a [u8],
    text: Vec<u8>,
}

impl Texts<'_> {
    /// The next text, valid until the one after it.
    pub(super) fn next(&mut self) -> Option<&[u8]> {
        let shared = pop_number(&mut self.bytes)?;
        let rest = pop_number(&mut self.bytes)?;
        let (own, bytes) = self.bytes.split_at_checked(rest)?;
        self.text.truncate(shared);
        self.text.extend_from_slice(own);
        self.bytes = bytes;
        Some(&self.text)
    }
}

/// Writes a number in 7 bits a byte, the lowest first.
pub(super) fn push_number(bytes: &mut Vec<u8>, mut number: usize) {
    while number >= 0x80 {
        bytes.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    bytes.push(number.to_le_bytes()[0]);
}

/// Reads the number at the front.
pub(super) fn pop_number(bytes: &mut &[u8]) -> Option<usize> {
    let (mut number, mut shift) = (0, 0);
    loop {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= usize::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
        shift += 7;
        if shift > 56 {
            return None;
        }
    }
}
