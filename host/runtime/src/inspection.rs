//! Looks at a guest's memory after a call. For tests that search it for what must not be there.

use crate::bindings;
use crate::guest::Guest;
use std::fmt;
use wasmtime::{Store, WasmCoreDump};

/// Gets every linear memory of the guest, after each call that returned or trapped.
pub struct Inspector {
    look: Look,
}

type Look = Box<dyn Fn(&[u8]) + Send + Sync>;

impl fmt::Debug for Inspector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Inspector")
    }
}

impl Inspector {
    /// `look` is called with a core dump of the guest: all its memories stand in it.
    pub fn new(look: impl Fn(&[u8]) + Send + Sync + 'static) -> Self {
        Self { look: Box::new(look) }
    }

    /// A trap is what makes a dump, so one is forced where the guest returned: the next epoch interrupts it at its first instruction.
    pub(crate) async fn look<T>(
        &self,
        store: &mut Store<Guest>,
        instance: &bindings::Connector,
        returned: &wasmtime::Result<T>,
    ) {
        let forced;
        let error = match returned {
            Err(error) => error,
            Ok(_) => {
                store.epoch_deadline_trap();
                store.set_epoch_deadline(0);
                forced = instance.meho_connector_catalog().call_describe(&mut *store).await;
                match &forced {
                    Err(error) => error,
                    Ok(_) => return,
                }
            }
        };
        if let Some(dump) = error.downcast_ref::<WasmCoreDump>() {
            (self.look)(&dump.serialize(&mut *store, "guest"));
        }
    }
}
