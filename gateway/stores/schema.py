"""Tables of the SQLite store and their migrations (sqlite-utils), and which SQLite builds may be trusted with them.

Instants are integers: milliseconds since 1970 UTC. The delivery table is the queue: a row is due when `due_at` has
come, a lease moves `due_at`, so a dead worker's rows come back by themselves. Sealed bodies live in a
table of their own.
"""

from __future__ import annotations

from sqlite_utils import Database, Migrations

from gateway.errors import ConfigError
from gateway.stores import cases, inquiries, postmarks
from gateway.stores.backfill import enter_all, enter_further_keys, enter_holdings, enter_names, enter_register
from gateway.stores.engine import sqlite

migrations = Migrations("sealpost")

NEVER = 2**62  # a lane that waits for nothing


def check_build(version: tuple[int, ...] = sqlite.sqlite_version_info) -> None:
    """Refuse SQLite builds with the WAL-reset corruption bug (3.7.0 to 3.51.2 outside the back-ports 3.44.6 and
    3.50.7).

    Raises ConfigError.
    """
    fixed = version >= (3, 51, 3) or (3, 50, 7) <= version < (3, 51) or (3, 44, 6) <= version < (3, 45)
    if not fixed:
        shown = ".".join(map(str, version))
        raise ConfigError(
            "sqlite-build", f"SQLite {shown} can corrupt a WAL database; install pysqlite3 0.6.1 or newer"
        )


@migrations()
def m001_tables(db: Database) -> None:
    """Everything the first release keeps."""
    for statement in _M001.split(";"):
        if statement.strip():
            db.execute(statement)


@migrations()
def m002_cases(db: Database) -> None:
    """Which forms belong together, and the sealed facts that are kept of them.

    A link is a keyed digest of the worker and of a number that forms share; forms with a link in common are one case.
    """
    for statement in _M002.split(";"):
        db.execute(statement)


@migrations()
def m003_terms(db: Database) -> None:
    """What the law says of a term beside its length: whom it binds, what fulfils it, what its day zero is."""
    unknown = '{"bound": "party", "binds": "answer", "doneBy": [], "reason": {}}'
    db.execute(f"ALTER TABLE term ADD COLUMN law TEXT NOT NULL DEFAULT '{unknown}'")


@migrations()
def m004_lifecycle(db: Database) -> None:
    """When the watch looks at a delivery, what operators must know of, and what goes on paper."""
    for statement in _M004.split(";"):
        db.execute(statement)


@migrations()
def m005_turns(db: Database) -> None:
    """Copies of one case come to one recipient in the order of acceptance: see `turns.py`.

    What a file holds already keeps its place, so that the cursors of mailboxes stay good. What nobody has had in hand
    yet, and what should have waited for an earlier copy, waits from now on.
    """
    for statement in _M005.split(";"):
        db.execute(statement)


@migrations()
def m006_keys(db: Database) -> None:
    """Further keys of a submission, and how much was kept of a sender on a day though no form was taken in."""
    for statement in _M006.split(";"):
        db.execute(statement)


@migrations()
def m007_journal(db: Database) -> None:
    """The journal, its tree, its batches and their time stamps; what a file holds already is entered in its order."""
    for statement in _M007.split(";"):
        db.execute(statement)
    enter_all(db.conn)


@migrations()
def m008_validation(db: Database) -> None:
    """What was known of the certificates behind the signatures of a form; what issuers said is kept once for all."""
    for statement in _M008.split(";"):
        db.execute(statement)


@migrations()
def m009_bodies(db: Database) -> None:
    """A key for the bodies of each form, which can be destroyed; those of earlier forms stay as they came."""
    for statement in _M009.split(";"):
        db.execute(statement)


@migrations()
def m010_published_keys(db: Database) -> None:
    """The keys of the gateway that were made known, for ever."""
    db.execute(
        "CREATE TABLE published_key (seq INTEGER PRIMARY KEY, purpose TEXT NOT NULL, fingerprint TEXT NOT NULL, "
        "since INTEGER NOT NULL, published_at INTEGER NOT NULL, material TEXT NOT NULL, "
        "UNIQUE (purpose, fingerprint, since)) STRICT"
    )


@migrations()
def m011_hosted_keys(db: Database) -> None:
    """Sealing keys that are kept for parties, wrapped."""
    db.execute(
        "CREATE TABLE hosted_key (party TEXT PRIMARY KEY, certificate TEXT NOT NULL, wrapped BLOB NOT NULL, "
        "wrapped_for TEXT NOT NULL, made_at INTEGER NOT NULL) STRICT, WITHOUT ROWID"
    )


@migrations()
def m012_inquiries(db: Database) -> None:
    """What is asked again of certificates about which nobody answered, and what was known later or of receipts."""
    for statement in _M012.split(";"):
        db.execute(statement)


@migrations()
def m013_rehashing(db: Database) -> None:
    """Time stamps that cover anew what others cover, with a stronger digest."""
    for statement in _M013.split(";"):
        db.execute(statement)


@migrations()
def m014_postmarks(db: Database) -> None:
    """What the post did with copies on paper, by its proofs; a file's own evidence says what it did before."""
    db.execute(
        "CREATE TABLE postmark (seq INTEGER PRIMARY KEY, evidence_id TEXT NOT NULL UNIQUE, delivery_id TEXT NOT NULL, "
        "fact TEXT NOT NULL, on_day TEXT NOT NULL, number TEXT NOT NULL, digest TEXT NOT NULL) STRICT"
    )
    db.execute("CREATE INDEX postmark_delivery ON postmark (delivery_id, seq)")
    db.execute("CREATE INDEX postmark_number ON postmark (number)")
    postmarks.enter_all(db.conn)


@migrations()
def m015_register(db: Database) -> None:
    """The journal knows the register from now on: each party that is there is entered as it is."""
    enter_register(db.conn)


@migrations()
def m016_senders_of_receipts(db: Database) -> None:
    """Who handed in what came as a receipt; of earlier ones that is not known."""
    db.execute("ALTER TABLE receipt ADD COLUMN sent_by TEXT")


@migrations()
def m017_holdings(db: Database) -> None:
    """The journal knows what is on file of forms, keys that are kept for parties, and tokens: as they are, from now on.

    Which form brought which link of a case was not kept: the first form of the case has them all.
    """
    for statement in _M017.split(";"):
        db.execute(statement)
    cases.bind_facts(db.conn)
    inquiries.bind_times(db.conn)
    enter_holdings(db.conn)


@migrations()
def m018_receipts_without_effect(db: Database) -> None:
    """What came as a receipt and moved nothing is found without looking through all that did."""
    db.execute("CREATE INDEX receipt_without_effect ON receipt (seq) WHERE evidence_id IS NULL")


@migrations()
def m020_salts_of_further_keys(db: Database) -> None:
    """The journal does not tell further keys any more. Those that it knows in clear keep their entries, by which they
    are called; before m019 it knew none, which is why this comes first."""
    for statement in _M020.split(";"):
        db.execute(statement)


@migrations()
def m019_further_keys_and_names(db: Database) -> None:
    """The journal knows further keys of submissions, and the names of the gateway: what is there, as from before."""
    enter_further_keys(db.conn)
    enter_names(db.conn)


@migrations()
def m021_names(db: Database) -> None:
    """The names of the gateway are found without looking through the journal."""
    db.execute("CREATE INDEX journal_name ON journal (id) WHERE kind = 'name'")


@migrations()
def m022_links_by_form(db: Database) -> None:
    """Which links lead to a case is said by its forms (`filed.links`): no form pays for a second index of them."""
    db.execute("DROP INDEX case_link_case")


@migrations()
def m023_kinds_of_a_case(db: Database) -> None:
    """The forms of a kind are found in a case however many others it has."""
    for statement in _M023.split(";"):
        db.execute(statement)


@migrations()
def m024_newest_party(db: Database) -> None:
    """Whether the register is as it was is told by one look at an index."""
    db.execute("CREATE INDEX journal_party ON journal (position) WHERE kind = 'party'")


_M001 = """
CREATE TABLE party (id TEXT PRIMARY KEY, record TEXT NOT NULL) STRICT;
CREATE TABLE party_identifier (scheme TEXT NOT NULL, key TEXT NOT NULL, party TEXT NOT NULL REFERENCES party,
    PRIMARY KEY (scheme, key, party)) STRICT, WITHOUT ROWID;
CREATE TABLE party_role (role TEXT NOT NULL, party TEXT NOT NULL REFERENCES party, PRIMARY KEY (role, party))
    STRICT, WITHOUT ROWID;
CREATE TABLE party_certificate (fingerprint TEXT PRIMARY KEY, party TEXT NOT NULL REFERENCES party) STRICT, WITHOUT
ROWID; CREATE INDEX party_certificate_party ON party_certificate (party);
CREATE INDEX party_identifier_party ON party_identifier (party);
CREATE INDEX party_role_party ON party_role (party);
CREATE TABLE token (hash TEXT PRIMARY KEY, party TEXT NOT NULL REFERENCES party, created_at INTEGER NOT NULL)
    STRICT, WITHOUT ROWID;

CREATE TABLE submission (seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, sender TEXT NOT NULL, idempotency_key TEXT,
    digest TEXT NOT NULL, kind TEXT NOT NULL, document_id TEXT, state TEXT NOT NULL, accepted_at INTEGER NOT NULL,
    acting_for TEXT, answer BLOB NOT NULL) STRICT;
CREATE UNIQUE INDEX submission_key ON submission (sender, idempotency_key) WHERE state <> 'rejected';
CREATE UNIQUE INDEX submission_document ON submission (document_id) WHERE state <> 'rejected';
CREATE INDEX submission_sender ON submission (sender, seq);

CREATE TABLE delivery (seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, submission_id TEXT NOT NULL, kind TEXT NOT
NULL,
    route TEXT NOT NULL, article TEXT NOT NULL, role TEXT NOT NULL, party TEXT NOT NULL, copy INTEGER NOT NULL,
    of INTEGER NOT NULL, state TEXT NOT NULL, transport TEXT NOT NULL, attempts INTEGER NOT NULL, consigned_at INTEGER
    NOT NULL, handed_over_at INTEGER, due_at INTEGER, holder TEXT, envelope_digest TEXT NOT NULL, document_digest TEXT
    NOT NULL, size_bytes INTEGER NOT NULL, last_problem TEXT, lease_id TEXT, lease_until INTEGER) STRICT;
CREATE INDEX delivery_due ON delivery (party, due_at, seq) WHERE due_at IS NOT NULL;
CREATE INDEX delivery_held ON delivery (party) WHERE holder IS NOT NULL;
CREATE INDEX delivery_submission ON delivery (submission_id);
CREATE INDEX delivery_mailbox ON delivery (party, seq) WHERE state NOT IN ('handed-over', 'declined');
CREATE TABLE envelope (delivery_id TEXT PRIMARY KEY, raw BLOB NOT NULL) STRICT;
CREATE TABLE attempt (seq INTEGER PRIMARY KEY, delivery_id TEXT NOT NULL, at INTEGER NOT NULL, outcome TEXT NOT NULL)
STRICT; CREATE INDEX attempt_delivery ON attempt (delivery_id);
CREATE TABLE lane (party TEXT PRIMARY KEY, next_at INTEGER NOT NULL, failures INTEGER NOT NULL, paused_until INTEGER
NOT NULL)
    STRICT, WITHOUT ROWID;
CREATE INDEX lane_next ON lane (next_at);

CREATE TABLE evidence (seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, event TEXT NOT NULL, at INTEGER NOT NULL,
    submission_id TEXT NOT NULL, delivery_id TEXT, receipt_id TEXT, raw BLOB NOT NULL) STRICT;
CREATE INDEX evidence_submission ON evidence (submission_id, seq);
CREATE TABLE receipt (seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, delivery_id TEXT NOT NULL, digest TEXT NOT NULL,
    received_at INTEGER NOT NULL, outcome TEXT NOT NULL, evidence_id TEXT, raw BLOB NOT NULL) STRICT;
CREATE UNIQUE INDEX receipt_delivery ON receipt (delivery_id, digest);
CREATE TABLE term (seq INTEGER PRIMARY KEY, submission_id TEXT NOT NULL, id TEXT NOT NULL, article TEXT NOT NULL,
    act TEXT NOT NULL, length INTEGER NOT NULL, unit TEXT NOT NULL, starts_on TEXT, day_zero TEXT, last_day TEXT,
    last_day_other_reading TEXT, verdict TEXT) STRICT;
CREATE INDEX term_submission ON term (submission_id, id)
"""

_M002 = """
CREATE TABLE filed (seq INTEGER PRIMARY KEY, case_id TEXT NOT NULL, submission_id TEXT NOT NULL UNIQUE,
    facts BLOB NOT NULL) STRICT;
CREATE INDEX filed_case ON filed (case_id, seq);
CREATE TABLE case_link (link TEXT PRIMARY KEY, case_id TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX case_link_case ON case_link (case_id);
CREATE TABLE case_party (seq INTEGER PRIMARY KEY, party TEXT NOT NULL, case_id TEXT NOT NULL) STRICT;
CREATE UNIQUE INDEX case_party_case ON case_party (case_id, party);
CREATE INDEX case_party_seq ON case_party (party, seq)
"""

_M006 = """
CREATE TABLE further_key (sender TEXT NOT NULL, idempotency_key TEXT NOT NULL, submission_id TEXT NOT NULL,
    PRIMARY KEY (sender, idempotency_key)) STRICT, WITHOUT ROWID;
CREATE TABLE kept_of_sender (sender TEXT PRIMARY KEY, day TEXT NOT NULL, count INTEGER NOT NULL) STRICT, WITHOUT ROWID
"""

_M009 = """
CREATE TABLE body_key (submission_id TEXT PRIMARY KEY, key BLOB NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO body_key SELECT DISTINCT submission_id, x'' FROM (
    SELECT submission_id FROM filed UNION SELECT submission_id FROM delivery)
"""

# A batch ends where `size` entries stand; a time stamp covers the entries from `first` up to `size`, and the
# checkpoints among them, or, without these, the stamps that it renews.
_M007 = """
CREATE TABLE journal (position INTEGER PRIMARY KEY, kind TEXT NOT NULL, id TEXT NOT NULL, of TEXT NOT NULL, at INTEGER
    NOT NULL, code TEXT NOT NULL, digest BLOB NOT NULL, salt BLOB NOT NULL) STRICT;
CREATE INDEX journal_id ON journal (id);
CREATE TABLE journal_node (level INTEGER NOT NULL, place INTEGER NOT NULL, hash BLOB NOT NULL,
    PRIMARY KEY (level, place)) STRICT, WITHOUT ROWID;
CREATE TABLE journal_batch (size INTEGER PRIMARY KEY, checkpoint BLOB NOT NULL) STRICT;
CREATE TABLE journal_stamp (number INTEGER PRIMARY KEY, first INTEGER, size INTEGER UNIQUE, stamped_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL, token BLOB NOT NULL, renewed_by INTEGER) STRICT;
CREATE INDEX journal_stamp_end ON journal_stamp (ends_at) WHERE renewed_by IS NULL;
CREATE INDEX journal_stamp_renewal ON journal_stamp (renewed_by) WHERE renewed_by IS NOT NULL;
CREATE TABLE journal_cosignature (size INTEGER NOT NULL, witness TEXT NOT NULL, line TEXT NOT NULL,
    PRIMARY KEY (size, witness)) STRICT, WITHOUT ROWID;
CREATE INDEX journal_cosignature_witness ON journal_cosignature (witness, size)
"""

_M008 = """
CREATE TABLE validation (submission_id TEXT PRIMARY KEY, record BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE validation_item (digest TEXT PRIMARY KEY, kind TEXT NOT NULL, raw BLOB NOT NULL) STRICT
"""

_M012 = """
CREATE TABLE later_validation (seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, of TEXT NOT NULL, about TEXT NOT NULL,
    record BLOB NOT NULL) STRICT;
CREATE INDEX later_validation_of ON later_validation (of, seq);
CREATE INDEX later_validation_about ON later_validation (about, seq);
CREATE TABLE inquiry (seq INTEGER PRIMARY KEY, submission_id TEXT NOT NULL, about TEXT NOT NULL, path BLOB NOT NULL,
    used_at INTEGER NOT NULL, since INTEGER NOT NULL, tries INTEGER NOT NULL, next_at INTEGER NOT NULL) STRICT;
CREATE INDEX inquiry_next ON inquiry (next_at);
CREATE INDEX inquiry_since ON inquiry (since);
CREATE INDEX inquiry_submission ON inquiry (submission_id)
"""

_M013 = """
ALTER TABLE journal_stamp ADD COLUMN digest TEXT NOT NULL DEFAULT 'sha256';
ALTER TABLE journal_stamp ADD COLUMN anew_from INTEGER;
ALTER TABLE journal_stamp ADD COLUMN rehashed_by INTEGER;
CREATE INDEX journal_stamp_rehashing ON journal_stamp (rehashed_by) WHERE rehashed_by IS NOT NULL
"""

_M017 = """
ALTER TABLE filed ADD COLUMN digest TEXT NOT NULL DEFAULT '';
ALTER TABLE filed ADD COLUMN links TEXT NOT NULL DEFAULT '[]';
UPDATE filed SET links = (SELECT json_group_array(link) FROM case_link WHERE case_link.case_id = filed.case_id)
    WHERE seq = (SELECT min(seq) FROM filed AS first WHERE first.case_id = filed.case_id)
"""

_M020 = """
ALTER TABLE further_key ADD COLUMN id TEXT NOT NULL DEFAULT '';
ALTER TABLE further_key ADD COLUMN salt BLOB NOT NULL DEFAULT x'';
UPDATE further_key SET id = idempotency_key WHERE EXISTS (SELECT 1 FROM journal
    WHERE journal.id = idempotency_key AND kind = 'further-key' AND of = sender);
UPDATE further_key SET id = lower(hex(randomblob(16))), salt = randomblob(16) WHERE id = '';
CREATE UNIQUE INDEX further_key_id ON further_key (sender, id)
"""

_M023 = """
ALTER TABLE filed ADD COLUMN kind TEXT NOT NULL DEFAULT '';
UPDATE filed SET kind = coalesce((SELECT kind FROM submission WHERE submission.id = submission_id), '');
CREATE INDEX filed_kind ON filed (case_id, kind, seq)
"""

# The conditions of the indices are written as in the queries (rows.NOT_FINAL, rows.IN_HAND): else they are not used.
_M004 = f"""
ALTER TABLE delivery ADD COLUMN tried_since INTEGER;
ALTER TABLE delivery ADD COLUMN lawful_until INTEGER;
ALTER TABLE delivery ADD COLUMN paper_by INTEGER;
ALTER TABLE delivery ADD COLUMN watch_at INTEGER;
UPDATE delivery SET watch_at = consigned_at WHERE state NOT IN ('handed-over', 'declined');
DROP INDEX delivery_mailbox;
CREATE INDEX delivery_mailbox ON delivery (party, seq) WHERE state NOT IN ('acknowledged', 'declined', 'handed-over');
CREATE INDEX delivery_watch ON delivery (watch_at) WHERE watch_at IS NOT NULL;
CREATE INDEX delivery_in_hand ON delivery (coalesce(lawful_until, {NEVER}), seq) WHERE state IN
    ('escalated', 'expired', 'paper-deposited', 'paper-queued', 'paper-returned', 'suspended');
CREATE TABLE alert (seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, subject TEXT NOT NULL, opened_at INTEGER NOT NULL,
    closed_at INTEGER) STRICT;
CREATE UNIQUE INDEX alert_open ON alert (subject, kind) WHERE closed_at IS NULL;
CREATE TABLE duty (name TEXT PRIMARY KEY, holder TEXT NOT NULL, until INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE print_job (delivery_id TEXT PRIMARY KEY, raw BLOB NOT NULL) STRICT;
CREATE TABLE paper_proof (evidence_id TEXT PRIMARY KEY, delivery_id TEXT NOT NULL, digest TEXT NOT NULL,
    media_type TEXT NOT NULL, sealed BLOB NOT NULL) STRICT
"""

_M005 = f"""
ALTER TABLE delivery ADD COLUMN case_id TEXT;
ALTER TABLE delivery ADD COLUMN turn INTEGER;
ALTER TABLE lane ADD COLUMN turns INTEGER NOT NULL DEFAULT 0;
UPDATE delivery SET turn = seq,
    case_id = (SELECT case_id FROM filed WHERE filed.submission_id = delivery.submission_id);
CREATE INDEX delivery_case ON delivery (case_id, party) WHERE state = 'consigned';
UPDATE delivery SET turn = NULL, due_at = NULL
    WHERE state = 'consigned' AND attempts = 0 AND holder IS NULL AND lease_id IS NULL AND EXISTS (
        SELECT 1 FROM delivery AS earlier WHERE earlier.case_id = delivery.case_id AND earlier.party = delivery.party
        AND earlier.state = 'consigned' AND earlier.seq < delivery.seq
        AND earlier.submission_id <> delivery.submission_id);
INSERT INTO lane (party, next_at, failures, paused_until) SELECT DISTINCT party, {NEVER}, 0, 0 FROM delivery WHERE true
    ON CONFLICT DO NOTHING;
UPDATE lane SET turns = (SELECT coalesce(max(seq), 0) FROM delivery);
DROP INDEX delivery_mailbox;
CREATE INDEX delivery_mailbox ON delivery (party, turn) WHERE state NOT IN ('acknowledged', 'declined', 'handed-over')
"""
