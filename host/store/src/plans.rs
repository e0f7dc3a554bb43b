//! Plans and their approvals. Each change is one of the database's, with its entry in the record: so an approval is used once, whoever races for it, whenever the
//! process ends.

use crate::entries;
use crate::session::Session;
use crate::store::{Store, failed};
use async_trait::async_trait;
use meho_host::approval::{
    Consumed, KeptPlan, MAX_WAITING, PlanEntry, PlanState, PlanStore, StoreRefused, is_same_but_for_its_moment,
};
use meho_host::policy::plan::{Approval, Digest, Plan};
use rusqlite::{OptionalExtension as _, Row, params};
use serde_json::{Value, json};

/// Plans that are over and still known. What became of older ones stands in the record.
const KEPT_OVER: i64 = 200;
const COLUMNS: &str = "digest, state, principal, expires, view, note, plan, approval, outcome";

#[async_trait]
impl PlanStore for Store {
    async fn id(&self) -> Result<String, StoreRefused> {
        self.change(|session| Ok(session.id.clone())).await
    }

    async fn keep(&self, kept: KeptPlan) -> Result<Box<PlanEntry>, StoreRefused> {
        self.change(move |session| keep(session, kept)).await
    }

    async fn list(&self) -> Result<Vec<PlanEntry>, StoreRefused> {
        self.change(|session| entries_where(session, "1 = 1 ORDER BY made DESC, rowid DESC", &[])).await
    }

    async fn find(&self, plan: Digest) -> Result<Box<PlanEntry>, StoreRefused> {
        self.change(move |session| find(session, plan)).await
    }

    async fn approve(&self, approval: &Approval) -> Result<(), StoreRefused> {
        let approval = approval.clone();
        self.change(move |session| approve(session, &approval)).await
    }

    async fn reject(&self, plan: Digest, by: &str) -> Result<(), StoreRefused> {
        let by = by.to_owned();
        self.change(move |session| {
            let entry = find(session, plan)?;
            match entry.state {
                PlanState::Waiting | PlanState::Approved => {
                    session.end(&plan.to_string(), "rejected").map_err(|error| failed(&error))?;
                    note(session, "rejection", &json!({"plan": plan, "by": by}))
                }
                over => Err(StoreRefused::Over(over)),
            }
        })
        .await
    }

    async fn consume(&self, plan: Digest) -> Result<Consumed, StoreRefused> {
        self.change(move |session| consume(session, plan)).await
    }

    async fn settle(&self, plan: Digest, failure: Option<&str>) -> Result<(), StoreRefused> {
        let failure = failure.map(str::to_owned);
        self.change(move |session| {
            let state = if failure.is_some() { PlanState::Failed } else { PlanState::Done };
            let settled = session.transaction.execute(
                "UPDATE plan SET state = ?2, outcome = ?3 WHERE digest = ?1 AND state = 'unknown'",
                params![plan.to_string(), word(state), failure],
            );
            settled.map(drop).map_err(|error| failed(&error))
        })
        .await
    }
}

fn keep(session: &mut Session<'_>, kept: KeptPlan) -> Result<Box<PlanEntry>, StoreRefused> {
    let context = kept.plan.context();
    if context.store != session.id {
        return Err(StoreRefused::Over(PlanState::Void));
    }
    let waiting = entries_where(session, "state IN ('waiting', 'approved') AND principal = ?1", &[&context.principal])?;
    let same =
        |entry: &&PlanEntry| entry.plan.as_ref().is_some_and(|known| is_same_but_for_its_moment(known, &kept.plan));
    if let Some(known) = waiting.iter().find(same) {
        return Ok(Box::new(known.clone()));
    }
    if session.now < session.latest && context.expires <= session.latest {
        return Err(StoreRefused::ClockSetBack { behind: session.latest - session.now });
    }
    if waiting.len() >= MAX_WAITING {
        return Err(StoreRefused::TooMany { most: MAX_WAITING, principal: context.principal.clone() });
    }
    note(session, "plan", &entries::of_plan(&kept.plan))?;
    let entry = PlanEntry::waiting(kept);
    let text = entry.plan.as_ref().map(Plan::to_text);
    let made = session.transaction.execute(
        &format!("INSERT INTO plan ({COLUMNS}, made) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, NULL, NULL, ?8)"),
        params![
            entry.digest.to_string(),
            word(entry.state),
            entry.principal,
            entry.expires.cast_signed(),
            entry.view.to_string(),
            entry.note.to_string(),
            text,
            session.now.cast_signed(),
        ],
    );
    made.map_err(|error| failed(&error))?;
    let over = "state NOT IN ('waiting', 'approved')";
    let forget = format!(
        "DELETE FROM plan WHERE {over} AND rowid NOT IN (SELECT rowid FROM plan WHERE {over} ORDER BY rowid DESC LIMIT {KEPT_OVER})"
    );
    session.transaction.execute(&forget, []).map_err(|error| failed(&error))?;
    Ok(Box::new(entry))
}

fn approve(session: &mut Session<'_>, approval: &Approval) -> Result<(), StoreRefused> {
    let entry = find(session, approval.digest)?;
    match entry.state {
        PlanState::Waiting => {
            let text = serde_json::to_string(approval).map_err(|error| StoreRefused::Failed(error.to_string()))?;
            let kept = session.transaction.execute(
                "UPDATE plan SET state = 'approved', approval = ?2 WHERE digest = ?1",
                params![approval.digest.to_string(), text],
            );
            kept.map_err(|error| failed(&error))?;
            note(session, "approval", &entries::of_approval(approval))
        }
        // A second yes says nothing new.
        PlanState::Approved => Ok(()),
        over => Err(StoreRefused::Over(over)),
    }
}

fn consume(session: &mut Session<'_>, digest: Digest) -> Result<Consumed, StoreRefused> {
    let entry = find(session, digest)?;
    match (entry.state, entry.plan, entry.approval) {
        (PlanState::Approved, Some(plan), Some(approval)) => {
            // What was used is kept apart from the plan: a plan that was put back does not bring its use back.
            let used = session.transaction.execute("INSERT OR IGNORE INTO used VALUES (?1)", [digest.to_string()]);
            // And the record says it, too, which nobody changes unnoticed.
            let is_recorded = session.transaction.query_row(
                "SELECT count(*) FROM audit WHERE kind = 'execution' AND json_extract(entry, '$.plan') = ?1",
                [digest.to_string()],
                |row| row.get::<_, i64>(0),
            );
            if used.map_err(|error| failed(&error))? == 0 || is_recorded.map_err(|error| failed(&error))? > 0 {
                return Err(StoreRefused::Over(PlanState::Unknown));
            }
            if plan.context().store != session.id {
                return Err(StoreRefused::Over(PlanState::Void));
            }
            session.end(&digest.to_string(), "unknown").map_err(|error| failed(&error))?;
            note(session, "execution", &json!({"plan": digest, "approval_by": approval.approver}))?;
            Ok(Consumed { plan, approval, now: session.latest })
        }
        (PlanState::Waiting, ..) => Err(StoreRefused::NotApproved),
        (PlanState::Expired, ..) if session.now < entry.expires => {
            Err(StoreRefused::ClockSetBack { behind: session.latest.saturating_sub(session.now) })
        }
        (PlanState::Approved, ..) => Err(StoreRefused::Failed("the plan that was kept cannot be read".to_owned())),
        (over, ..) => Err(StoreRefused::Over(over)),
    }
}

fn note(session: &mut Session<'_>, kind: &str, entry: &Value) -> Result<(), StoreRefused> {
    session.note(kind, entry).map_err(|error| failed(&error))
}

fn find(session: &Session<'_>, plan: Digest) -> Result<Box<PlanEntry>, StoreRefused> {
    let found = session
        .transaction
        .query_row(&format!("SELECT {COLUMNS} FROM plan WHERE digest = ?1"), [plan.to_string()], entry)
        .optional();
    found.map_err(|error| failed(&error))?.map(Box::new).ok_or(StoreRefused::NoSuchPlan)
}

fn entries_where(
    session: &Session<'_>,
    which: &str,
    values: &[&dyn rusqlite::ToSql],
) -> Result<Vec<PlanEntry>, StoreRefused> {
    let read = || -> rusqlite::Result<Vec<PlanEntry>> {
        let mut found = session.transaction.prepare(&format!("SELECT {COLUMNS} FROM plan WHERE {which}"))?;
        found.query_map(values, entry)?.collect()
    };
    read().map_err(|error| failed(&error))
}

/// A plan as it stands in the table. A plan's or an approval's text that cannot be read is none: nothing can be done with it then.
fn entry(row: &Row<'_>) -> rusqlite::Result<PlanEntry> {
    let text = |index: usize| row.get::<_, Option<String>>(index);
    let json = |index: usize| {
        Ok::<Value, rusqlite::Error>(text(index)?.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
    };
    let unreadable =
        |index: usize| rusqlite::Error::InvalidColumnType(index, "plan".to_owned(), rusqlite::types::Type::Text);
    let digest = text(0)?.and_then(|digest| Digest::try_from(digest).ok()).ok_or_else(|| unreadable(0))?;
    let state = text(1)?.and_then(|state| state_of(&state)).ok_or_else(|| unreadable(1))?;
    Ok(PlanEntry {
        digest,
        state,
        principal: row.get(2)?,
        expires: row.get::<_, i64>(3)?.cast_unsigned(),
        view: json(4)?,
        note: json(5)?,
        plan: text(6)?.and_then(|text| Plan::of_text(&text).ok()).filter(|plan| plan.digest() == digest),
        approval: text(7)?.and_then(|text| serde_json::from_str(&text).ok()),
        outcome: text(8)?,
    })
}

fn word(state: PlanState) -> String {
    serde_json::to_value(state).ok().and_then(|word| word.as_str().map(str::to_owned)).unwrap_or_default()
}

fn state_of(word: &str) -> Option<PlanState> {
    serde_json::from_value(Value::from(word)).ok()
}
