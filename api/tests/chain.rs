//! Nobody changes the chain unseen, and nothing that was said to be written is lost.
#![expect(clippy::unwrap_used, reason = "a test that can't go on should say so at once")]

#[path = "support/databases.rs"]
#[expect(dead_code, reason = "the chain is tried on a file here")]
mod databases;

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use api::history::audit::anchor::Anchor;
use api::history::audit::{Algorithm, Begun, Entry, Fault, Journal, Kind, Row, Verification};
use api::history::{Location, Store};
use databases::Database;
use rand::rngs::SmallRng;
use rand::{Rng, RngExt, SeedableRng};
use sqlx::{AnyConnection, Connection, Executor, Row as _};

const ACTS: i64 = 10_000;
/// Rows that are written together, as calls under way at once are.
const AT_ONCE: i64 = 250;

fn entry(kind: Kind, number: i64) -> Entry {
    let at = jiff::Timestamp::from_second(1_795_000_000 + number).unwrap();
    Entry {
        actor: format!("system:serviceaccount:yunheng-people:p-{}", number % 50),
        operation: "decideRequest".to_owned(),
        object: format!("requests/civil-affairs/qr-{number}/decisions"),
        reason: "容量充足, 同意扩容".to_owned(),
        outcome: if kind == Kind::Outcome { "Done" } else { "" }.to_owned(),
        ..Entry::new(at, kind, format!("act-{number}"))
    }
}

async fn fill(store: &Store, algorithm: Algorithm, acts: i64, kinds: &[Kind]) {
    let journal = Journal::start(store.clone(), algorithm);
    for first in (0..acts).step_by(usize::try_from(AT_ONCE).unwrap()) {
        for kind in kinds {
            let all = (first..acts.min(first + AT_ONCE)).map(|number| journal.add(entry(*kind, number)));
            for added in futures::future::join_all(all).await {
                assert!(matches!(added.unwrap(), Begun::Added(_)));
            }
        }
    }
}

async fn connect(path: &Path) -> AnyConnection {
    sqlx::any::install_default_drivers();
    AnyConnection::connect(&format!("sqlite://{}", path.display())).await.unwrap()
}

/// Whatever somebody with the database in his hands may do to it.
#[derive(Debug)]
enum Tampering {
    Change(i64, &'static str),
    Remove(i64),
    Swap(i64, i64),
    /// A row of his own, with the hash that goes with it, between two others.
    Insert(i64),
    /// A changed row with its hash made anew.
    Rehash(i64),
    /// The last rows are gone.
    CutOff(i64),
    /// From this row on all are made anew: the chain is consistent in itself.
    Rewrite(i64),
}

impl Tampering {
    fn random(random: &mut impl Rng, rows: i64) -> Self {
        const COLUMNS: [&str; 8] = ["actor", "reason", "outcome", "object", "department", "code", "hash", "prev"];
        let row = random.random_range(2..rows);
        match random.random_range(0..7) {
            0 | 1 => Self::Change(row, COLUMNS[random.random_range(0..COLUMNS.len())]),
            2 => Self::Remove(row),
            3 => Self::Swap(row, row - 1),
            4 => Self::Insert(row),
            5 if random.random_bool(0.5) => Self::CutOff(random.random_range(1..100)),
            5 => Self::Rewrite(rows - random.random_range(1..100)),
            _ => Self::Rehash(row),
        }
    }
}

impl Tampering {
    /// Does it, and says which rows may be named for it.
    async fn carry_out(&self, database: &mut AnyConnection, rows: i64) -> std::ops::RangeInclusive<i64> {
        match *self {
            Self::Change(row, column) => {
                // The number of the row makes it another value than every row has.
                run(database, format!("UPDATE audit SET {column} = {column} || 'x{row}' WHERE seq = {row}")).await;
                row..=row + 1
            }
            Self::Remove(row) => {
                run(database, format!("DELETE FROM audit WHERE seq = {row}")).await;
                // The last one is missed by the anchor.
                row..=row + 1
            }
            Self::Swap(one, other) => {
                for (from, to) in [(one, -1), (other, one), (-1, other)] {
                    run(database, format!("UPDATE audit SET seq = {to} WHERE seq = {from}")).await;
                }
                other..=one
            }
            Self::Insert(row) => {
                run(database, format!("UPDATE audit SET seq = -seq WHERE seq >= {row}")).await;
                run(database, format!("UPDATE audit SET seq = 1 - seq WHERE seq <= -{row}")).await;
                let before = read(database, row - 1).await;
                let mut added = entry(Kind::Seen, 0);
                added.act = "put in".to_owned();
                write(database, &Row::after(row - 1, before.hash, added, Algorithm::Sha256)).await;
                row..=row + 1
            }
            Self::Rehash(row) => {
                let (before, was) = (read(database, row - 1).await, read(database, row).await);
                run(database, format!("DELETE FROM audit WHERE seq = {row}")).await;
                write(database, &Row::after(row - 1, before.hash, changed(was.entry), Algorithm::Sha256)).await;
                row..=row + 1
            }
            Self::CutOff(some) => {
                run(database, format!("DELETE FROM audit WHERE seq > {}", rows - some)).await;
                rows - some + 1..=rows
            }
            Self::Rewrite(from) => {
                let mut before = read(database, from - 1).await;
                for seq in from..=rows {
                    let was = read(database, seq).await;
                    let entry = if seq == from { changed(was.entry) } else { was.entry };
                    let row = Row::after(seq - 1, before.hash, entry, Algorithm::Sha256);
                    run(database, format!("DELETE FROM audit WHERE seq = {seq}")).await;
                    write(database, &row).await;
                    before = row;
                }
                from..=rows
            }
        }
    }
}

fn changed(entry: Entry) -> Entry {
    Entry { actor: "system:serviceaccount:yunheng-people:somebody-else".to_owned(), ..entry }
}

async fn run(database: &mut AnyConnection, sql: String) {
    database.execute(sqlx::raw_sql(sqlx::AssertSqlSafe(sql))).await.unwrap();
}

async fn read(database: &mut AnyConnection, seq: i64) -> Row {
    let row = sqlx::query("SELECT * FROM audit WHERE seq = $1").bind(seq).fetch_one(database).await.unwrap();
    Row::read(&row).unwrap()
}

async fn write(database: &mut AnyConnection, row: &Row) {
    let Row { seq, entry, algorithm, prev, hash } = row;
    let at = entry.at.as_microsecond();
    let kind = entry.kind.name();
    let Entry { act, actor, operation, object, reason, outcome, .. } = entry;
    let sql = format!(
        "INSERT INTO audit (seq, at, kind, act, actor, via, address, department, operation, object, before, after, reason, \
         outcome, code, request_id, detail, algorithm, prev, hash) VALUES ({seq}, {at}, '{kind}', '{act}', '{actor}', '', '', \
         '', '{operation}', '{object}', '', '', '{reason}', '{outcome}', '', '', '', '{algorithm}', '{prev}', '{hash}')"
    );
    run(database, sql).await;
}

#[tokio::test]
async fn of_a_hundred_tamperings_a_hundred_are_found() {
    let database = Database::file();
    let store = Store::new(database.location.clone()).unwrap();
    // Of one row each: every tampering is followed by a look at all of them.
    fill(&store, Algorithm::Sha256, ACTS, &[Kind::Call]).await;
    let whole = store.verify(&[]).await.unwrap();
    assert!(whole.findings.is_empty(), "{whole:?}");
    let rows = i64::try_from(whole.rows).unwrap();
    assert_eq!(rows, ACTS);
    let anchors = [whole.head.unwrap()];
    store.close().await;

    let mut random = SmallRng::seed_from_u64(20_261_124);
    let copy = database.path().with_extension("copy");
    for number in 0..100 {
        std::fs::copy(database.path(), &copy).unwrap();
        let tampering = Tampering::random(&mut random, rows);
        let location = Location::File(copy.clone());
        let mut connection = connect(&copy).await;
        let expected = tampering.carry_out(&mut connection, rows).await;
        connection.close().await.unwrap();
        let tampered = Store::new(location).unwrap();
        let found = tampered.verify(&anchors).await.unwrap();
        tampered.close().await;
        assert!(
            found.findings.iter().any(|finding| expected.contains(&finding.seq)),
            "{number}: {tampering:?}: {found:?}"
        );
        let first = found.findings[0];
        assert!(first.seq >= *expected.start(), "{number}: {tampering:?}: what is before is whole, {found:?}");
    }
}

async fn verified_without_anchors(path: &Path) -> Verification {
    let store = Store::new(Location::File(path.to_owned())).unwrap();
    let found = store.verify(&[]).await.unwrap();
    store.close().await;
    found
}

/// What the documentation says can't be found, isn't: so that it stays true.
#[tokio::test]
async fn without_an_anchor_a_missing_end_isnt_found() {
    let database = Database::file();
    let store = Store::new(database.location.clone()).unwrap();
    fill(&store, Algorithm::Sm3, 50, &[Kind::Intent, Kind::Outcome]).await;
    let head = store.head().await.unwrap().unwrap();
    store.close().await;
    let mut connection = connect(&database.path()).await;
    Tampering::CutOff(5).carry_out(&mut connection, 100).await;
    connection.close().await.unwrap();
    assert!(verified_without_anchors(&database.path()).await.findings.is_empty());
    let store = Store::new(database.location.clone()).unwrap();
    let found = store.verify(&[Anchor { ..head }]).await.unwrap();
    assert_eq!(found.findings.iter().map(|one| (one.seq, one.fault)).collect::<Vec<_>>(), [(100, Fault::CutOff)]);
}

const CHILD: &str = "YUNHENG_TEST_WRITES_TO";

/// The process that is killed: it says of each act that it is completed once it is.
#[tokio::test]
async fn writes_until_it_is_killed() {
    let Some(path) = std::env::var_os(CHILD) else { return };
    let journal = Journal::start(Store::new(Location::File(path.into())).unwrap(), Algorithm::Sha256);
    let first = i64::from(std::process::id()) * 1_000_000;
    let writers = (0..8).map(|writer| {
        let journal = journal.clone();
        async move {
            for number in 0..100_000 {
                let number = first + writer * 100_000 + number;
                journal.add(entry(Kind::Intent, number)).await.unwrap();
                journal.add(entry(Kind::Outcome, number)).await.unwrap();
                let mut out = std::io::stdout();
                writeln!(out, "completed act-{number}").unwrap();
                out.flush().unwrap();
            }
        }
    });
    futures::future::join_all(writers).await;
}

#[tokio::test]
async fn no_completed_act_is_lost_when_the_process_is_killed() {
    let database = Database::file();
    let mut random = SmallRng::seed_from_u64(9);
    let mut completed = Vec::new();
    for _ in 0..8 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "writes_until_it_is_killed", "--nocapture"])
            .env(CHILD, database.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let enough = random.random_range(1..120);
        // What it had said before it was killed is read as well.
        let mut said = 0;
        for line in lines {
            let Ok(line) = line else { break };
            let Some((_, act)) = line.split_once("completed ") else { continue };
            completed.push(act.to_owned());
            said += 1;
            if said == enough {
                child.kill().unwrap();
            }
        }
        child.wait().unwrap();
        assert!(said >= enough, "the process ended by itself after {said}");
    }
    let store = Store::new(database.location.clone()).unwrap();
    let found = store.verify(&[]).await.unwrap();
    assert!(found.findings.is_empty(), "{found:?}");
    let mut connection = connect(&database.path()).await;
    for act in &completed {
        let rows = sqlx::query("SELECT count(*) AS rows FROM audit WHERE act = $1").bind(act);
        let rows: i64 = rows.fetch_one(&mut connection).await.unwrap().try_get("rows").unwrap();
        assert_eq!(rows, 2, "{act}");
    }
    connection.close().await.unwrap();

    // What was under way is told as what it is: nobody knows what came of it.
    let history = api::history::History::new(store.clone(), Algorithm::Sha256, None);
    history.recover(jiff::Timestamp::MAX).await.unwrap();
    assert!(store.open_acts(jiff::Timestamp::MAX, 10).await.unwrap().is_empty());
    let filter = api::history::audit::Filter { outcome: Some("Open".to_owned()), ..Default::default() };
    assert!(store.acts(&filter, 1).await.unwrap().is_empty());
}
