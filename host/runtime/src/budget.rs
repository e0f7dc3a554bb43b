//! What one call may use. All of it is on by default. Each limit ends the call with RESOURCE_LIMIT and its own name, but for those of time, which end it
//! with TIMEOUT, for a connection, without which it is CONNECTION_FAILED, for requests at a time, which wait, and for the log, which is cut.

use meho_policy::rules::Allowance;
use std::time::Duration;

/// The budgets of a call.
#[derive(Debug, Clone, PartialEq)]
pub struct Budgets {
    /// Linear memory of the guest. A list of any length takes 2 MiB, the largest object of an API server 8 MiB and twice that to parse.
    pub memory_bytes: usize,
    /// Entries of all tables of the guest together. A large component has some thousands of functions.
    pub table_elements: usize,
    /// Time in which guest code runs. 10,000 pods take a third of a second.
    pub cpu: Duration,
    /// Time from start to end, without waiting for a slow reader of the rows. A call can be given another.
    pub wall: Duration,
    /// Waiting for a reader of the rows, at a time.
    pub reader: Duration,
    /// Waiting for a connection.
    pub connect: Duration,
    /// Waiting for an answer's first byte.
    pub first_byte: Duration,
    /// Waiting for an answer's next bytes. An answer that its guest leaves unread for twice as long is let go.
    pub between_bytes: Duration,
    /// Requests of the guest, sent or denied. What the host repeats is not counted. A list of 2 million objects has 4,000 pages.
    pub requests: u32,
    /// Requests at a time.
    pub requests_at_a_time: u32,
    /// One request's body.
    pub request_body_bytes: usize,
    /// One answer's body, decompressed. A page of 500 objects of 1 MiB.
    pub response_body_bytes: u64,
    /// All answers' bodies, decompressed.
    pub response_bytes: u64,
    /// How many bytes one compressed byte may become, past the first MiB. JSON of an API server reaches 30.
    pub inflate_ratio: u64,
    /// Headers of one answer.
    pub response_headers: usize,
    /// One row, or the object.
    pub row_bytes: usize,
    /// All rows.
    pub rows_bytes: u64,
    /// All rows that `CallStream::collect` holds, as what they take at most as values: many times their text. Some 80,000 pods. A reader of the stream has
    /// no such limit.
    pub collected_bytes: u64,
    /// Text of the guest's log, with its standard output and error. What is beyond is dropped and counted.
    pub log_bytes: usize,
    /// Header fields that the guest may hold in one resource.
    pub header_bytes: usize,
    /// Live handles of the guest: requests, bodies, streams.
    pub handles: usize,
    /// Bytes that one call of the guest into the host may carry.
    pub hostcall_bytes: usize,
}

impl Default for Budgets {
    fn default() -> Self {
        Self {
            memory_bytes: 64 << 20,
            table_elements: 20_000,
            cpu: Duration::from_secs(20),
            wall: Duration::from_secs(30),
            reader: Duration::from_secs(60),
            connect: Duration::from_secs(10),
            first_byte: Duration::from_secs(30),
            between_bytes: Duration::from_secs(30),
            requests: 6000,
            requests_at_a_time: 32,
            request_body_bytes: 1 << 20,
            response_body_bytes: 512 << 20,
            response_bytes: 4 << 30,
            inflate_ratio: 200,
            response_headers: 64,
            row_bytes: 4 << 20,
            rows_bytes: 2 << 30,
            collected_bytes: 512 << 20,
            log_bytes: 64 << 10,
            header_bytes: 16 << 10,
            handles: 1000,
            hostcall_bytes: 16 << 20,
        }
    }
}

/// Discovery is the lists of all kinds in one call, so it may take as long as some calls together. 100,000 pods, each used by and using what pods do, were seen to come to
/// 20 to 40 s of guest code in an unoptimised host on a busy machine.
const CALLS_OF_DISCOVERY: u32 = 4;

impl Budgets {
    /// The same for discovery.
    pub(crate) fn of_discovery(&self) -> Self {
        Self { cpu: self.cpu * CALLS_OF_DISCOVERY, wall: self.wall * CALLS_OF_DISCOVERY, ..self.clone() }
    }

    /// The budgets of a call to a target of which an operator says this, where the caller wants so much time. A caller cannot have more of it than the
    /// operator gives.
    pub(crate) fn under(&self, allowance: &Allowance, timeout: Option<Duration>) -> Self {
        let wall = timeout.or(allowance.wall).unwrap_or(self.wall);
        let memory_bytes = allowance.memory_bytes.and_then(|bytes| usize::try_from(bytes).ok());
        Self {
            wall: allowance.wall.map_or(wall, |most| most.min(wall)),
            requests: allowance.requests.unwrap_or(self.requests),
            response_bytes: allowance.response_bytes.unwrap_or(self.response_bytes),
            // The engine has no more for an instance.
            memory_bytes: memory_bytes.map_or(self.memory_bytes, |bytes| bytes.min(self.memory_bytes)),
            ..self.clone()
        }
    }
}
