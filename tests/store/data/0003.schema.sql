CREATE TABLE accounts (
	name VARCHAR(64) NOT NULL, 
	paused VARCHAR(32), 
	detail TEXT, 
	probe_at FLOAT, 
	money_until FLOAT, reconcile_at FLOAT, 
	CONSTRAINT pk_accounts PRIMARY KEY (name)
);
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
CREATE TABLE audit (
	id INTEGER NOT NULL, 
	at FLOAT NOT NULL, 
	who VARCHAR(128) NOT NULL, 
	action VARCHAR(32) NOT NULL, 
	target VARCHAR(320) NOT NULL, 
	detail TEXT, 
	CONSTRAINT pk_audit PRIMARY KEY (id)
);
CREATE TABLE callbacks (
	id VARCHAR(48) NOT NULL, 
	job_id VARCHAR(32) NOT NULL, 
	mailbox_id INTEGER NOT NULL, 
	source VARCHAR(64) NOT NULL, 
	service_id VARCHAR(64) NOT NULL, 
	sequence BIGINT NOT NULL, 
	facts VARCHAR(64) NOT NULL, 
	status VARCHAR(16) NOT NULL, 
	tries INTEGER DEFAULT '0' NOT NULL, 
	next_at FLOAT NOT NULL, 
	token INTEGER DEFAULT '0' NOT NULL, 
	last_status INTEGER, 
	last_error TEXT, 
	created_at FLOAT NOT NULL, 
	ended_at FLOAT, 
	CONSTRAINT pk_callbacks PRIMARY KEY (id), 
	CONSTRAINT fk_callbacks_job_id FOREIGN KEY(job_id) REFERENCES jobs (id), 
	CONSTRAINT fk_callbacks_mailbox_id FOREIGN KEY(mailbox_id) REFERENCES mailboxes (id)
);
CREATE TABLE differences (
	id INTEGER NOT NULL, 
	account VARCHAR(64) NOT NULL, 
	domain VARCHAR(253) NOT NULL, 
	address VARCHAR(320), 
	kind VARCHAR(32) NOT NULL, 
	source VARCHAR(64), 
	service_id VARCHAR(64), 
	detail TEXT NOT NULL, 
	remedy TEXT NOT NULL, 
	since FLOAT NOT NULL, 
	seen_at FLOAT NOT NULL, 
	CONSTRAINT pk_differences PRIMARY KEY (id)
);
CREATE TABLE hooks (
	id INTEGER NOT NULL, 
	source VARCHAR(64) NOT NULL, 
	hook_id VARCHAR(128) NOT NULL, 
	type VARCHAR(64) NOT NULL, 
	digest VARCHAR(64) NOT NULL, 
	key_index INTEGER NOT NULL, 
	received_at FLOAT NOT NULL, 
	job_id VARCHAR(32), 
	errors JSON, 
	sealed TEXT, 
	CONSTRAINT pk_hooks PRIMARY KEY (id), 
	CONSTRAINT uq_hooks_source_hook_id UNIQUE (source, hook_id)
);
CREATE INDEX ix_audit_target ON audit (target, id);
CREATE INDEX ix_callbacks_due ON callbacks (next_at) WHERE status = 'pending';
CREATE INDEX ix_callbacks_exhausted ON callbacks (id) WHERE status = 'exhausted';
CREATE INDEX ix_callbacks_job ON callbacks (job_id);
CREATE INDEX ix_callbacks_order ON callbacks (mailbox_id, sequence) WHERE status = 'pending';
CREATE INDEX ix_differences_address ON differences (address);
CREATE INDEX ix_differences_domain ON differences (account, domain);
CREATE INDEX ix_differences_kind ON differences (kind, id);
CREATE INDEX ix_hooks_job_id ON hooks (job_id);
CREATE INDEX ix_hooks_parked ON hooks (id) WHERE job_id IS NULL;
CREATE INDEX ix_hooks_sealed ON hooks (received_at) WHERE sealed IS NOT NULL;
CREATE INDEX ix_jobs_action ON jobs (action, id);
CREATE INDEX ix_jobs_bad ON jobs (status, id) WHERE status IN ('held', 'failed', 'cancelled');
CREATE INDEX ix_jobs_created ON jobs (mailbox_id, action) WHERE action = 'mailbox.create' AND status = 'succeeded';
CREATE INDEX ix_jobs_finished ON jobs (source, finished_at, id);
CREATE INDEX ix_jobs_hook ON jobs (source, hook_id);
CREATE INDEX ix_jobs_open ON jobs (mailbox_id, sequence) WHERE status IN ('queued', 'running');
CREATE INDEX ix_jobs_queued ON jobs (account, available_at, id) WHERE status = 'queued';
CREATE INDEX ix_jobs_replaces ON jobs (replaces) WHERE replaces IS NOT NULL;
CREATE INDEX ix_jobs_running ON jobs (account, domain) WHERE status = 'running';
CREATE INDEX ix_jobs_sealed ON jobs (finished_at) WHERE sealed IS NOT NULL;
CREATE INDEX ix_jobs_service_id ON jobs (service_id, id);
CREATE INDEX ix_mailboxes_address ON mailboxes (address);
CREATE INDEX ix_mailboxes_delete_after ON mailboxes (delete_after) WHERE delete_after IS NOT NULL;
CREATE INDEX ix_mailboxes_service_id ON mailboxes (service_id);
CREATE INDEX ix_mailboxes_source_address ON mailboxes (source, address);
CREATE INDEX ix_notes_due ON notes (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX ix_notes_subject ON notes (subject, id);
CREATE INDEX ix_purchases_domain ON purchases (account, domain);
CREATE INDEX ix_purchases_job_id ON purchases (job_id);
CREATE INDEX ix_purchases_started_at ON purchases (started_at);
CREATE INDEX ix_reconciliations_account ON reconciliations (account, id);
CREATE INDEX ix_sign_in_failures_at ON sign_in_failures (at);
CREATE INDEX ix_steps_deletes ON steps (started_at) WHERE kind = 'delete';
CREATE INDEX ix_steps_job_id ON steps (job_id, id);
CREATE INDEX ix_steps_started_at ON steps (started_at);
CREATE TABLE jobs (
	id VARCHAR(32) NOT NULL, 
	mailbox_id INTEGER NOT NULL, 
	sequence BIGINT NOT NULL, 
	hook_id VARCHAR(128) NOT NULL, 
	source VARCHAR(64) NOT NULL, 
	account VARCHAR(64) NOT NULL, 
	domain VARCHAR(253) NOT NULL, 
	address VARCHAR(320) NOT NULL, 
	service_id VARCHAR(64) NOT NULL, 
	action VARCHAR(32) NOT NULL, 
	facts VARCHAR(64) NOT NULL, 
	intent JSON NOT NULL, 
	sealed TEXT, 
	status VARCHAR(16) NOT NULL, 
	waiting_for VARCHAR(16), 
	available_at FLOAT NOT NULL, 
	lease_owner VARCHAR(64), 
	lease_until FLOAT, 
	token INTEGER DEFAULT '0' NOT NULL, 
	tries INTEGER DEFAULT '0' NOT NULL, 
	undecided_since FLOAT, 
	touched BOOLEAN DEFAULT (false) NOT NULL, 
	passed BOOLEAN DEFAULT (false) NOT NULL, 
	purge BOOLEAN DEFAULT (false) NOT NULL, 
	replaces VARCHAR(32), 
	"plan" JSON, 
	seen JSON, 
	state VARCHAR(16) DEFAULT 'unknown' NOT NULL, 
	changed BOOLEAN DEFAULT (false) NOT NULL, 
	verified JSON, 
	message TEXT, 
	error JSON, 
	extra JSON, 
	created_at FLOAT NOT NULL, 
	started_at FLOAT, 
	finished_at FLOAT, 
	CONSTRAINT pk_jobs PRIMARY KEY (id), 
	CONSTRAINT fk_jobs_mailbox_id FOREIGN KEY(mailbox_id) REFERENCES mailboxes (id), 
	CONSTRAINT uq_jobs_mailbox_id_sequence UNIQUE (mailbox_id, sequence)
);
CREATE TABLE mailboxes (
	id INTEGER NOT NULL, 
	account VARCHAR(64) NOT NULL, 
	domain VARCHAR(253) NOT NULL, 
	address VARCHAR(320) NOT NULL, 
	sequence BIGINT DEFAULT '0' NOT NULL, 
	source VARCHAR(64), 
	service_id VARCHAR(64), 
	state VARCHAR(16) DEFAULT 'unknown' NOT NULL, 
	password_digest VARCHAR(64), 
	suspended_with VARCHAR(16), 
	saved_services JSON, 
	sessions_ended BOOLEAN DEFAULT (false) NOT NULL, 
	quota BIGINT, 
	delete_after FLOAT, 
	settles_at FLOAT DEFAULT '0' NOT NULL, 
	observed_at FLOAT, 
	decided JSON, 
	CONSTRAINT pk_mailboxes PRIMARY KEY (id), 
	CONSTRAINT uq_mailboxes_account_address UNIQUE (account, address)
);
CREATE TABLE marks (
	name VARCHAR(32) NOT NULL, 
	value BIGINT NOT NULL, 
	CONSTRAINT pk_marks PRIMARY KEY (name)
);
CREATE TABLE notes (
	id INTEGER NOT NULL, 
	subject VARCHAR(128) NOT NULL, 
	cleared BOOLEAN NOT NULL, 
	text TEXT NOT NULL, 
	created_at FLOAT NOT NULL, 
	tries INTEGER DEFAULT '0' NOT NULL, 
	next_at FLOAT, 
	CONSTRAINT pk_notes PRIMARY KEY (id)
);
CREATE TABLE paks (
	account VARCHAR(64) NOT NULL, 
	domain VARCHAR(253) NOT NULL, 
	bundle VARCHAR(32) NOT NULL, 
	used INTEGER NOT NULL, 
	free INTEGER NOT NULL, 
	expires FLOAT NOT NULL, 
	seen_at FLOAT NOT NULL, 
	CONSTRAINT pk_paks PRIMARY KEY (account, domain, bundle)
);
CREATE TABLE purchases (
	id INTEGER NOT NULL, 
	account VARCHAR(64) NOT NULL, 
	domain VARCHAR(253) NOT NULL, 
	job_id VARCHAR(32) NOT NULL, 
	step_id BIGINT NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	arguments JSON NOT NULL, 
	outcome VARCHAR(16) NOT NULL, 
	evidence JSON, 
	started_at FLOAT NOT NULL, 
	ended_at FLOAT NOT NULL, 
	CONSTRAINT pk_purchases PRIMARY KEY (id), 
	CONSTRAINT uq_purchases_step_id UNIQUE (step_id)
);
CREATE TABLE readiness (
	domain VARCHAR(253) NOT NULL, 
	found JSON NOT NULL, 
	checked_at FLOAT NOT NULL, 
	CONSTRAINT pk_readiness PRIMARY KEY (domain)
);
CREATE TABLE reconciliations (
	id INTEGER NOT NULL, 
	account VARCHAR(64) NOT NULL, 
	who VARCHAR(128) NOT NULL, 
	started_at FLOAT NOT NULL, 
	ended_at FLOAT NOT NULL, 
	whole BOOLEAN NOT NULL, 
	domains INTEGER NOT NULL, 
	unread INTEGER NOT NULL, 
	mailboxes INTEGER NOT NULL, 
	found JSON NOT NULL, 
	CONSTRAINT pk_reconciliations PRIMARY KEY (id)
);
CREATE TABLE sign_in_failures (
	id INTEGER NOT NULL, 
	address VARCHAR(64) NOT NULL, 
	at FLOAT NOT NULL, 
	CONSTRAINT pk_sign_in_failures PRIMARY KEY (id)
);
CREATE TABLE slots (
	id INTEGER NOT NULL, 
	account VARCHAR(64) NOT NULL, 
	until FLOAT NOT NULL, 
	CONSTRAINT pk_slots PRIMARY KEY (id)
);
CREATE TABLE sources (
	name VARCHAR(64) NOT NULL, 
	paused BOOLEAN NOT NULL, 
	CONSTRAINT pk_sources PRIMARY KEY (name)
);
CREATE TABLE steps (
	id INTEGER NOT NULL, 
	job_id VARCHAR(32) NOT NULL, 
	token INTEGER NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	command VARCHAR(64) NOT NULL, 
	digest VARCHAR(64) NOT NULL, 
	arguments JSON NOT NULL, 
	outcome VARCHAR(16) NOT NULL, 
	error JSON, 
	evidence JSON, 
	started_at FLOAT NOT NULL, 
	ended_at FLOAT NOT NULL, 
	trust_after FLOAT NOT NULL, 
	CONSTRAINT pk_steps PRIMARY KEY (id), 
	CONSTRAINT fk_steps_job_id FOREIGN KEY(job_id) REFERENCES jobs (id)
);
CREATE TABLE used_ids (
	source VARCHAR(64) NOT NULL, 
	id VARCHAR(128) NOT NULL, 
	until FLOAT NOT NULL, 
	CONSTRAINT pk_used_ids PRIMARY KEY (source, id)
);
CREATE TABLE workers (
	owner VARCHAR(64) NOT NULL, 
	seen_at FLOAT NOT NULL, key_ids TEXT, 
	CONSTRAINT pk_workers PRIMARY KEY (owner)
);
