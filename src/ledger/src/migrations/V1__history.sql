-- The ledger, version 1. Written in what SQLite and PostgreSQL have in common; `@id@` is the one word that differs.
-- Comments above a table or view and behind a column are its documentation: `betwixt query --schema` prints them.
-- Moments are text, UTC, `2026-11-20T13:14:15.123456Z`: sorted as text they are sorted by time.

-- One run of a command that looked at a project: a scan, a confirmation, an audit.
CREATE TABLE runs (
    id @id@, -- number of the run
    run_key TEXT NOT NULL UNIQUE, -- chosen by the process, so that a write that is repeated is seen
    project TEXT NOT NULL, -- whose code: the repository's address, or `.` for the tree around the ledger
    command TEXT NOT NULL, -- `scan`, `confirm`, …
    commit_id TEXT, -- the commit that was checked out
    version TEXT NOT NULL, -- of betwixt
    started_at TEXT NOT NULL -- when
);

-- The end of a run. A run without one was killed or is still going.
CREATE TABLE run_ends (
    run BIGINT NOT NULL PRIMARY KEY REFERENCES runs (id), -- which run
    outcome TEXT NOT NULL CHECK (outcome IN ('complete', 'incomplete', 'failed')), -- `incomplete`: a limit or budget cut it short
    note TEXT NOT NULL, -- what is missing, in one line; empty when nothing is
    ended_at TEXT NOT NULL -- when
);

-- What a rule claimed, in one wording. A finding whose lines moved or whose path changed has several.
CREATE TABLE claims (
    id @id@, -- number of the claim
    project TEXT NOT NULL, -- whose code
    fingerprint TEXT NOT NULL, -- identity of the finding, the same across runs
    digest TEXT NOT NULL, -- hash of the wording
    rule TEXT NOT NULL, -- `category/rule`
    category TEXT NOT NULL, -- one of the ten classes
    severity TEXT NOT NULL, -- how bad if true: info, low, medium, high, critical
    confidence TEXT NOT NULL, -- how sure the engine is: low, medium, high
    file TEXT NOT NULL, -- path from the scanned root
    line BIGINT NOT NULL, -- first line, from 1
    end_line BIGINT NOT NULL, -- last line
    function TEXT NOT NULL, -- as a programmer would name it
    service TEXT, -- who owns the file
    message TEXT NOT NULL, -- one sentence
    detail TEXT NOT NULL, -- the whole candidate with its trace, as JSON
    UNIQUE (project, fingerprint, digest)
);

-- What a run saw of each finding: one row per run and finding.
CREATE TABLE sightings (
    id @id@, -- grows with time
    run BIGINT NOT NULL REFERENCES runs (id), -- which run
    project TEXT NOT NULL, -- whose code
    fingerprint TEXT NOT NULL, -- which finding
    event TEXT NOT NULL CHECK (event IN ('new', 'seen', 'gone', 'back')), -- `gone`: its file and rule were looked at and it was not there
    status TEXT NOT NULL CHECK (status IN ('new', 'baseline', 'suppressed')), -- how the scan reported it
    reason TEXT, -- why it was suppressed
    claim BIGINT NOT NULL REFERENCES claims (id), -- the wording; the last one of what is gone
    UNIQUE (run, fingerprint)
);
CREATE INDEX sightings_by_finding ON sightings (project, fingerprint, id);

-- Who speaks in a conversation about a finding. One conversation has one role for one finding, for ever.
CREATE TABLE conversations (
    project TEXT NOT NULL, -- whose code
    fingerprint TEXT NOT NULL, -- which finding
    conversation TEXT NOT NULL CHECK (conversation <> ''), -- name of the conversation
    role TEXT NOT NULL CHECK (role IN ('scout', 'tracer', 'reviewer', 'prover', 'fixer', 'patch-reviewer', 'finisher')), -- what for
    actor TEXT NOT NULL, -- `provider/model`
    started_at TEXT NOT NULL, -- when it was first heard of
    PRIMARY KEY (project, fingerprint, conversation),
    UNIQUE (project, fingerprint, conversation, role)
);

-- One request to an agent with its answer, kept before the answer is used.
CREATE TABLE exchanges (
    id @id@, -- grows with time
    run BIGINT NOT NULL REFERENCES runs (id), -- which run paid for it
    project TEXT NOT NULL, -- whose code
    fingerprint TEXT NOT NULL, -- which finding
    conversation TEXT NOT NULL, -- in which conversation
    role TEXT NOT NULL, -- tracer, reviewer, …
    actor TEXT NOT NULL, -- `provider/model`
    turn BIGINT NOT NULL, -- place in the conversation, from 0
    request_key TEXT NOT NULL, -- hash that is equal for equal requests
    request TEXT NOT NULL, -- what was sent, as JSON, without headers
    response TEXT NOT NULL, -- what came back
    outcome TEXT NOT NULL, -- answered, refused, empty, truncated, malformed, failed
    error TEXT, -- why it was not answered
    milliseconds BIGINT NOT NULL, -- how long it took
    input_tokens BIGINT NOT NULL, -- tokens sent, cached ones included
    cached_tokens BIGINT NOT NULL, -- those of them the server had cached
    output_tokens BIGINT NOT NULL, -- tokens that came back
    micro_usd BIGINT, -- millionths of a dollar; null when the price is not known
    at TEXT NOT NULL, -- when it was stored
    UNIQUE (project, fingerprint, conversation, turn),
    FOREIGN KEY (project, fingerprint, conversation, role)
        REFERENCES conversations (project, fingerprint, conversation, role)
);
CREATE INDEX exchanges_by_request ON exchanges (project, fingerprint, role, request_key);

-- What one agent or person said of a finding, and what the evidence gate made of it.
CREATE TABLE verdicts (
    id @id@, -- grows with time
    run BIGINT NOT NULL REFERENCES runs (id), -- in which run
    project TEXT NOT NULL, -- whose code
    fingerprint TEXT NOT NULL, -- which finding
    case_hash TEXT NOT NULL, -- the case file it was judged on
    role TEXT NOT NULL, -- tracer, reviewer, person, …
    actor TEXT NOT NULL, -- `provider/model`, or the person's name
    conversation TEXT, -- null for persons and the engine
    said TEXT NOT NULL CHECK (said IN ('confirmed', 'refuted', 'undecided')), -- what was said
    judgement TEXT NOT NULL CHECK (judgement IN ('confirmed', 'refuted', 'undecided')), -- what the gate left of it
    severity TEXT, -- the severity it lowers the finding to
    detail TEXT NOT NULL, -- the whole verdict, as JSON
    at TEXT NOT NULL, -- when
    CHECK ((role IN ('person', 'engine')) = (conversation IS NULL)),
    UNIQUE (project, fingerprint, case_hash, role, actor, conversation),
    FOREIGN KEY (project, fingerprint, conversation, role)
        REFERENCES conversations (project, fingerprint, conversation, role)
);

-- What a verdict points at, and what the engine found there.
CREATE TABLE citations (
    verdict BIGINT NOT NULL REFERENCES verdicts (id), -- whose
    ordinal BIGINT NOT NULL, -- place in the verdict, from 0
    file TEXT NOT NULL, -- where it is said to stand
    line BIGINT NOT NULL, -- first line as said
    end_line BIGINT NOT NULL, -- last line as said
    quote TEXT NOT NULL, -- the text that is said to stand there
    symbol TEXT, -- the function that is said to hold the place
    calls TEXT, -- the function it is said to call
    load_bearing BIGINT NOT NULL CHECK (load_bearing IN (0, 1)), -- 1: the claim falls with it
    holds BIGINT NOT NULL CHECK (holds IN (0, 1)), -- 1: the gate found it
    found_line BIGINT, -- where the gate found it
    failure TEXT, -- why it does not hold
    failure_detail TEXT, -- what was looked for
    PRIMARY KEY (verdict, ordinal)
);

-- What became of a finding after tracer, reviewer and gate.
CREATE TABLE conclusions (
    id @id@, -- grows with time
    run BIGINT NOT NULL REFERENCES runs (id), -- in which run
    project TEXT NOT NULL, -- whose code
    fingerprint TEXT NOT NULL, -- which finding
    case_hash TEXT NOT NULL, -- the case file it was judged on
    judgement TEXT NOT NULL CHECK (judgement IN ('confirmed', 'refuted', 'undecided')), -- real, safe, open
    severity TEXT NOT NULL, -- after the reviewer
    reason TEXT NOT NULL, -- why it ended like this
    tracer TEXT, -- the conversation that traced
    tracer_role TEXT CHECK (tracer_role = 'tracer'), -- always `tracer`
    reviewer TEXT, -- the conversation that reviewed
    reviewer_role TEXT CHECK (reviewer_role = 'reviewer'), -- always `reviewer`
    detail TEXT NOT NULL, -- the whole conclusion, as JSON
    at TEXT NOT NULL, -- when
    digest TEXT NOT NULL, -- hash of the conclusion
    CHECK (tracer IS NULL OR reviewer IS NULL OR tracer <> reviewer),
    CHECK (judgement <> 'confirmed' OR (tracer IS NOT NULL AND reviewer IS NOT NULL)),
    CHECK ((tracer IS NULL) = (tracer_role IS NULL) AND (reviewer IS NULL) = (reviewer_role IS NULL)),
    UNIQUE (project, fingerprint, case_hash, digest),
    FOREIGN KEY (project, fingerprint, tracer, tracer_role)
        REFERENCES conversations (project, fingerprint, conversation, role),
    FOREIGN KEY (project, fingerprint, reviewer, reviewer_role)
        REFERENCES conversations (project, fingerprint, conversation, role)
);

-- What people decided. Nobody else can accept or close.
CREATE TABLE decisions (
    id @id@, -- grows with time
    project TEXT NOT NULL, -- whose code
    fingerprint TEXT NOT NULL, -- which finding
    decision TEXT NOT NULL CHECK (decision IN ('accept', 'close', 'reopen')), -- `accept`: intended or lived with; `close`: fixed or wrong
    role TEXT NOT NULL CHECK (role = 'person'), -- always `person`
    person TEXT NOT NULL CHECK (person <> ''), -- who
    reason TEXT NOT NULL CHECK (reason <> ''), -- why
    at TEXT NOT NULL -- when
);
CREATE INDEX decisions_by_finding ON decisions (project, fingerprint, id);

-- Work that processes share out among themselves. No history: its rows change.
CREATE TABLE work (
    id @id@, -- number of the task
    project TEXT NOT NULL, -- whose code
    task TEXT NOT NULL, -- what is to be done: `confirm`, …
    subject TEXT NOT NULL, -- what it is to be done to: a fingerprint
    payload TEXT NOT NULL, -- what the worker needs to know, as JSON
    priority BIGINT NOT NULL, -- higher ones first
    holder TEXT, -- who has it or had it last
    leased_until TEXT, -- until when it is theirs; null when nobody's
    token BIGINT NOT NULL DEFAULT 0, -- grows with every lease; an answer with an old one is refused
    outcome TEXT, -- how it ended, in one line
    done_at TEXT, -- when; null while it is not done
    added_at TEXT NOT NULL, -- when
    UNIQUE (project, task, subject)
);
CREATE INDEX work_open ON work (project, task, done_at, priority, id);

-- Every finding as it stands now: one row per finding.
--   project, fingerprint, rule, category, confidence, file, line, function, service, message: as last seen
--   severity: after the reviewer, where there was one; claimed_severity: the engine's
--   status: accepted, closed (by a person); gone; suppressed; confirmed, refuted, undecided (by agents); baseline; open
--   first_seen, last_seen: moments of the first and last run that saw it; gone_since: null while it is there
--   n_runs: how many runs saw it
--   judgement, judged_at, reason: the last conclusion; tracer, reviewer: who reached it
--   decision, person, decision_reason, decided_at: the last decision of a person
--   n_exchanges, tokens, micro_usd: what was spent on it; micro_usd counts only what has a known price
CREATE VIEW findings AS
SELECT
    c.project, c.fingerprint, c.rule, c.category,
    COALESCE(k.severity, c.severity) AS severity,
    c.severity AS claimed_severity,
    c.confidence,
    CASE
        WHEN d.decision = 'accept' THEN 'accepted'
        WHEN d.decision = 'close' THEN 'closed'
        WHEN s.event = 'gone' THEN 'gone'
        WHEN s.status = 'suppressed' THEN 'suppressed'
        WHEN k.judgement IS NOT NULL THEN k.judgement
        WHEN s.status = 'baseline' THEN 'baseline'
        ELSE 'open'
    END AS status,
    c.service, c.file, c.line, c.function, c.message,
    first_run.started_at AS first_seen,
    seen_run.started_at AS last_seen,
    CASE WHEN s.event = 'gone' THEN last_run.started_at END AS gone_since,
    h.n_runs,
    k.judgement, k.at AS judged_at, k.reason,
    tracers.actor AS tracer, reviewers.actor AS reviewer,
    d.decision, d.person, d.reason AS decision_reason, d.at AS decided_at,
    COALESCE(x.n_exchanges, 0) AS n_exchanges,
    COALESCE(x.tokens, 0) AS tokens,
    x.micro_usd
FROM (
    SELECT
        project, fingerprint, MIN(id) AS first_id, MAX(id) AS last_id,
        MAX(CASE WHEN event <> 'gone' THEN id END) AS seen_id,
        SUM(CASE WHEN event <> 'gone' THEN 1 ELSE 0 END) AS n_runs
    FROM sightings GROUP BY project, fingerprint
) h
JOIN sightings s ON s.id = h.last_id
JOIN claims c ON c.id = s.claim
JOIN runs last_run ON last_run.id = s.run
JOIN sightings first_sighting ON first_sighting.id = h.first_id
JOIN runs first_run ON first_run.id = first_sighting.run
JOIN sightings seen ON seen.id = h.seen_id
JOIN runs seen_run ON seen_run.id = seen.run
LEFT JOIN (
    SELECT project, fingerprint, MAX(id) AS id FROM conclusions GROUP BY project, fingerprint
) last_conclusion ON last_conclusion.project = h.project AND last_conclusion.fingerprint = h.fingerprint
LEFT JOIN conclusions k ON k.id = last_conclusion.id
LEFT JOIN conversations tracers
    ON tracers.project = k.project AND tracers.fingerprint = k.fingerprint AND tracers.conversation = k.tracer
LEFT JOIN conversations reviewers
    ON reviewers.project = k.project AND reviewers.fingerprint = k.fingerprint AND reviewers.conversation = k.reviewer
LEFT JOIN (
    SELECT project, fingerprint, MAX(id) AS id FROM decisions GROUP BY project, fingerprint
) last_decision ON last_decision.project = h.project AND last_decision.fingerprint = h.fingerprint
LEFT JOIN decisions d ON d.id = last_decision.id
LEFT JOIN (
    SELECT
        project, fingerprint, COUNT(*) AS n_exchanges,
        CAST(SUM(input_tokens + output_tokens) AS BIGINT) AS tokens,
        CAST(SUM(micro_usd) AS BIGINT) AS micro_usd
    FROM exchanges GROUP BY project, fingerprint
) x ON x.project = h.project AND x.fingerprint = h.fingerprint;

-- Everything that happened to a finding, one row per event; order by at, kind, id.
--   project, fingerprint: which finding; at: when; kind: sighting, exchange, verdict, conclusion, decision; id: number within its kind
--   run: in which run; event: new, seen, gone, back / how an exchange ended / a judgement / a decision
--   role, actor, conversation: who; text: why, in one line; micro_usd: what it cost
CREATE VIEW history AS
SELECT
    s.project, s.fingerprint, r.started_at AS at, 'sighting' AS kind, s.id, s.run, s.event,
    'engine' AS role, r.version AS actor, CAST(NULL AS TEXT) AS conversation,
    COALESCE(s.reason, c.message) AS text, CAST(NULL AS BIGINT) AS micro_usd
FROM sightings s JOIN runs r ON r.id = s.run JOIN claims c ON c.id = s.claim
UNION ALL
SELECT
    project, fingerprint, at, 'exchange', id, run, outcome,
    role, actor, conversation, COALESCE(error, ''), micro_usd
FROM exchanges
UNION ALL
SELECT
    project, fingerprint, at, 'verdict', id, run, judgement,
    role, actor, conversation, 'said ' || said, CAST(NULL AS BIGINT)
FROM verdicts
UNION ALL
SELECT
    project, fingerprint, at, 'conclusion', id, run, judgement,
    'engine', '', CAST(NULL AS TEXT), reason, CAST(NULL AS BIGINT)
FROM conclusions
UNION ALL
SELECT
    project, fingerprint, at, 'decision', id, CAST(NULL AS BIGINT), decision,
    role, person, CAST(NULL AS TEXT), reason, CAST(NULL AS BIGINT)
FROM decisions;

-- What agents cost, by project, role and model.
--   n_exchanges, input_tokens, cached_tokens, output_tokens: sums; micro_usd: millionths of a dollar; n_unpriced: exchanges without a known price
CREATE VIEW costs AS
SELECT
    project, role, actor, COUNT(*) AS n_exchanges,
    CAST(SUM(input_tokens) AS BIGINT) AS input_tokens,
    CAST(SUM(cached_tokens) AS BIGINT) AS cached_tokens,
    CAST(SUM(output_tokens) AS BIGINT) AS output_tokens,
    CAST(SUM(micro_usd) AS BIGINT) AS micro_usd,
    SUM(CASE WHEN micro_usd IS NULL THEN 1 ELSE 0 END) AS n_unpriced
FROM exchanges GROUP BY project, role, actor;
