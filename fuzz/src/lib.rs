//! What several fuzz targets share.

/// Decodes `bytes` and requires that what is accepted is written again byte for byte.
pub fn same<'b, T, E>(
    bytes: &'b [u8],
    decode: impl FnOnce(&'b [u8]) -> Result<T, E>,
    encode: impl FnOnce(&T) -> Vec<u8>,
) {
    if let Ok(value) = decode(bytes) {
        assert_eq!(encode(&value), bytes, "written again");
    }
}

/// Choices out of the fuzzer's bytes; zeros once they are used up.
pub struct Choices<'b>(pub &'b [u8]);

impl Choices<'_> {
    /// Whether any byte is left.
    pub fn any(&self) -> bool {
        !self.0.is_empty()
    }

    /// The next byte.
    pub fn byte(&mut self) -> u8 {
        let (first, rest) = self.0.split_first().unwrap_or((&0, &[]));
        self.0 = rest;
        *first
    }

    /// A number below `most`, which is not 0.
    pub fn below(&mut self, most: usize) -> usize {
        usize::from(u16::from_be_bytes([self.byte(), self.byte()])) % most
    }

    /// One of a list that is not empty.
    pub fn of<'l, T>(&mut self, list: &'l [T]) -> &'l T {
        &list[usize::from(self.byte()) % list.len()]
    }
}
