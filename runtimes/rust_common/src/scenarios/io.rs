//! Sockets and files.

use super::{Scenario, choice, parameters};

choice!(Through { Direct, Proxy });

parameters!(Proxy {
    through: Through = Through::Direct,
    connections: u64 = 64,
    message_bytes: u64 = 128,
    round_trips: u64 = 30,
});

impl Proxy {
    /// Client and echo server have one for each connection; in the proxy there are two more.
    pub fn descriptors(&self) -> u64 {
        self.connections.saturating_mul(match self.through {
            Through::Direct => 2,
            Through::Proxy => 4,
        })
    }
}

impl Scenario for Proxy {
    fn expected(&self) -> u64 {
        self.connections * self.message_bytes * self.round_trips
    }
    fn operations(&self) -> u64 {
        self.connections * self.round_trips
    }
    fn invalid(&self) -> Option<&'static str> {
        let is_nothing = self.connections == 0 || self.message_bytes == 0 || self.round_trips == 0;
        is_nothing.then_some("connections, message_bytes and round_trips must be at least 1")
    }
}

parameters!(Echo {
    connections: u64 = 64,
    message_bytes: u64 = 64,
    round_trips: u64 = 30,
});

impl Echo {
    pub fn descriptors(&self) -> u64 {
        self.connections.saturating_mul(2)
    }
}

/// Echo is what the proxy is compared with.
impl From<Echo> for Proxy {
    fn from(echo: Echo) -> Self {
        Self {
            through: Through::Direct,
            connections: echo.connections,
            message_bytes: echo.message_bytes,
            round_trips: echo.round_trips,
        }
    }
}

impl Scenario for Echo {
    fn expected(&self) -> u64 {
        self.connections * self.message_bytes * self.round_trips
    }
    fn operations(&self) -> u64 {
        self.connections * self.round_trips
    }
    fn invalid(&self) -> Option<&'static str> {
        let is_nothing = self.connections == 0 || self.message_bytes == 0 || self.round_trips == 0;
        is_nothing.then_some("connections, message_bytes and round_trips must be at least 1")
    }
    fn times_a_part(&self) -> bool {
        true
    }
}

parameters!(ConnectChurn {
    clients: u64 = 8,
    churns: u64 = 50,
    message_bytes: u64 = 64,
});

impl ConnectChurn {
    pub fn descriptors(&self) -> u64 {
        self.clients.saturating_mul(2)
    }
}

impl Scenario for ConnectChurn {
    fn expected(&self) -> u64 {
        self.clients * self.churns
    }
    fn operations(&self) -> u64 {
        self.clients * self.churns
    }
    fn invalid(&self) -> Option<&'static str> {
        (self.clients == 0 || self.churns == 0 || self.message_bytes == 0)
            .then_some("clients, churns and message_bytes must be at least 1")
    }
}

parameters!(Accept {
    connects: u64 = 10_000,
    at_once: u64 = 100,
});

impl Accept {
    /// A connection that its server has closed may wait in the backlog of nobody, but counts until
    /// its client has closed it too.
    pub fn descriptors(&self) -> u64 {
        self.at_once.saturating_mul(2)
    }
}

impl Scenario for Accept {
    fn expected(&self) -> u64 {
        self.connects
    }
    fn operations(&self) -> u64 {
        self.connects
    }
    fn invalid(&self) -> Option<&'static str> {
        (self.connects == 0 || self.at_once == 0)
            .then_some("connects and at_once must be at least 1")
    }
}

parameters!(FileRead {
    file_mib: u64 = 1_024,
    reads: u64 = 10_000,
    depth: u64 = 1,
    block_bytes: u64 = 4_096,
});

impl FileRead {
    /// The words that the file is made of, each its own index.
    pub const WORD_BYTES: u64 = size_of::<u64>() as u64;

    fn blocks(&self) -> u64 {
        (self.file_mib << 20) / self.block_bytes
    }

    /// Where in the file read number `read` begins.
    pub fn offset_of(&self, read: u64) -> u64 {
        splitmix64(read) % self.blocks() * self.block_bytes
    }

    /// The first word of a block, little-endian as the file has it.
    pub fn first_word(block: &[u8]) -> u64 {
        let (word, _) = block
            .split_first_chunk()
            .expect("a block holds at least one word");
        u64::from_le_bytes(*word)
    }
}

/// Vigna's mixer: spreads small numbers over all of u64.
fn splitmix64(x: u64) -> u64 {
    let x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

impl Scenario for FileRead {
    fn expected(&self) -> u64 {
        (0..self.reads)
            .map(|read| self.offset_of(read) / Self::WORD_BYTES)
            .fold(0, u64::wrapping_add)
    }
    fn operations(&self) -> u64 {
        self.reads
    }
    fn invalid(&self) -> Option<&'static str> {
        if self.file_mib == 0 || self.reads == 0 || self.depth == 0 {
            return Some("file_mib, reads and depth must all be at least 1");
        }
        if self.file_mib > 1 << 20 {
            return Some("file_mib must be at most 1048576");
        }
        if self.block_bytes == 0 || self.block_bytes % Self::WORD_BYTES != 0 {
            return Some("block_bytes must be a multiple of 8");
        }
        (self.block_bytes > self.file_mib << 20).then_some("a block must fit into the file")
    }
    fn times_a_part(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mixer_is_vignas() {
        // The first two numbers of his generator with the seed 0.
        assert_eq!(splitmix64(0), 0xe220_a839_7b1d_cdaf);
        assert_eq!(splitmix64(0x9e37_79b9_7f4a_7c15), 0x6e78_9e6a_a1b9_65f4);
    }
}
