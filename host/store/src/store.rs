//! The store: one thread has the database, everybody else hands it changes. What has come together is made together, so that many calls wait for the disk once.

use crate::directory::{StateDirectory, StateError};
use crate::entries;
use crate::session::{Database, Session};
use async_trait::async_trait;
use meho_host::approval::StoreRefused;
use meho_host::record::{CallRecord, Recorder, RequestIntent};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use tokio::sync::{mpsc, oneshot};

/// Changes that wait. Who comes then waits for a place.
const WAITING: usize = 256;
/// Most changes that are made together.
const TOGETHER: usize = 64;

/// A change, and then what is to be done once it is on the disk, or is known not to be.
type Change = Box<dyn FnOnce(&mut Session<'_>) -> Told + Send>;
type Told = Box<dyn FnOnce(Result<(), &str>) + Send>;

/// Plans, approvals and the audit record of one host, or of several on one machine that share a directory. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    directory: Arc<Path>,
    changes: mpsc::Sender<Wanted>,
}

/// What is handed to the thread.
struct Wanted(Change);

impl std::fmt::Debug for Wanted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Wanted")
    }
}

impl Store {
    /// Opens the store in a directory, and makes both where they are not there.
    ///
    /// # Errors
    /// Where the directory is not this user's alone, a link lies in it, or the disk says no.
    pub fn open(directory: &Path) -> Result<Self, StateError> {
        let looked_at = StateDirectory::make(directory)?;
        let path: Arc<Path> = looked_at.path().into();
        let mut database = Database::open(looked_at)?;
        // Whether it is the one that was left here is found out now, and not at the first call.
        database.change(|_| ())?;
        let (changes, wanted) = mpsc::channel(WAITING);
        let thread = thread::Builder::new().name("meho-store".to_owned());
        thread
            .spawn(move || serve(database, wanted))
            .map_err(|source| StateError::System { what: "a thread".to_owned(), source })?;
        Ok(Self { directory: path, changes })
    }

    /// Where it is.
    #[must_use]
    pub fn directory(&self) -> PathBuf {
        self.directory.to_path_buf()
    }

    /// Makes a change, and waits until it is on the disk.
    pub(crate) async fn change<T: Send + 'static>(
        &self,
        change: impl FnOnce(&mut Session<'_>) -> Result<T, StoreRefused> + Send + 'static,
    ) -> Result<T, StoreRefused> {
        let (tell, told) = oneshot::channel();
        let wanted = Wanted(Box::new(move |session| {
            let done = session.part(|session| change(session).map_err(Refused));
            Box::new(move |on_disk: Result<(), &str>| {
                let done = match on_disk {
                    Ok(()) => done.map_err(|Refused(refused)| refused),
                    Err(why) => Err(StoreRefused::Failed(why.to_owned())),
                };
                // Whoever asked may not wait any more.
                let _ = tell.send(done);
            })
        }));
        let gone = || StoreRefused::Failed("its thread is gone".to_owned());
        self.changes.send(wanted).await.map_err(|_| gone())?;
        told.await.map_err(|_| gone())?
    }
}

/// A part's failure: the store's word, or the database's.
struct Refused(StoreRefused);

impl From<rusqlite::Error> for Refused {
    fn from(error: rusqlite::Error) -> Self {
        Self(failed(&error))
    }
}

/// What the database says, for whoever asked the store.
pub(crate) fn failed(error: &rusqlite::Error) -> StoreRefused {
    StoreRefused::Failed(error.to_string())
}

fn serve(mut database: Database, mut wanted: mpsc::Receiver<Wanted>) {
    while let Some(first) = wanted.blocking_recv() {
        let mut changes = vec![first];
        while changes.len() < TOGETHER
            && let Ok(next) = wanted.try_recv()
        {
            changes.push(next);
        }
        let mut told: Vec<Told> = Vec::new();
        let made = database.change(|session| {
            told.extend(changes.into_iter().map(|Wanted(change)| change(session)));
        });
        let why = made.map_err(|error| error.to_string());
        for tell in told {
            tell(why.as_ref().map(|&()| ()).map_err(String::as_str));
        }
    }
}

#[async_trait]
impl Recorder for Store {
    async fn intent(&self, request: &RequestIntent) -> Result<(), String> {
        let entry = entries::of_intent(request);
        self.note("intent", entry).await
    }

    async fn call(&self, record: CallRecord) -> Result<(), String> {
        let entry = entries::of_call(&record);
        self.note("call", entry).await
    }
}

impl Store {
    async fn note(&self, kind: &'static str, entry: serde_json::Value) -> Result<(), String> {
        let noted = self.change(move |session| session.note(kind, &entry).map_err(|error| failed(&error)));
        noted.await.map_err(|refused| refused.to_string())
    }
}
