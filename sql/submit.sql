-- Sending: a message is submitted, claimed by a transport, and finished; what each call
-- answers, and what becomes of the message.
SET search_path = msgstore, public;
\set VERBOSITY sqlstate
SELECT create_store('submit') AS store \gset
SELECT special_folder(:store, 'Outbox') AS outbox, special_folder(:store, 'Sent Items') AS sent, special_folder(:store, 'Drafts') AS drafts \gset
\set to '[{"PR_DISPLAY_NAME": "Ann", "PR_EMAIL_ADDRESS": "ann@example.org"}]'
CREATE FUNCTION pg_temp.message(subject text, more jsonb DEFAULT '{}') RETURNS bigint LANGUAGE sql AS $$
    SELECT message_id FROM save_new_message(
        (SELECT store_id FROM store_list WHERE name = 'submit'),
        (SELECT special_folder(store_id, 'Outbox') FROM store_list WHERE name = 'submit'),
        jsonb_build_object('PR_SUBJECT', subject, 'PR_MESSAGE_RECIPIENTS', '[{"PR_DISPLAY_NAME": "Ann"}]'::jsonb) || more) $$;
CREATE FUNCTION pg_temp.number(id bigint) RETURNS bigint LANGUAGE sql AS 'SELECT change_number FROM message WHERE message_id = id AND store_id = (SELECT store_id FROM store_list WHERE name = ''submit'')';
-- Return where a message stands: folder, flags (4: submitted, 8: unsent), history.
CREATE FUNCTION pg_temp.stands(id bigint, OUT folder text, OUT flags text, OUT kinds text, OUT deleted boolean) LANGUAGE sql AS $$
    SELECT (SELECT name FROM folder_list AS f WHERE f.store_id = m.store_id AND f.folder_id = m.folder_id),
           to_hex((message_at(m.store_id, id, m.change_number)->>'PR_MESSAGE_FLAGS')::integer),
           (SELECT string_agg(kind, ' ') FROM history(m.store_id, id)), m.deleted_at IS NOT NULL
    FROM message AS m WHERE message_id = id AND store_id = (SELECT store_id FROM store_list WHERE name = 'submit') $$;
CREATE VIEW pg_temp.queue AS SELECT subject, state, attempt, detail, submitted_by = current_user AS mine FROM outgoing_queue WHERE store_id = (SELECT store_id FROM store_list WHERE name = 'submit') ORDER BY message_id;

-- through a handle: pending edits are saved with it, as one change
SELECT pg_temp.message('one') AS one \gset
SELECT open_message(:store, :one, 'MAPI_MODIFY') AS h \gset
SELECT set_props(:h, '{"PR_SUBJECT": "one, edited"}');
SELECT submit_message(:h);
SELECT pg_temp.stands(:one), get_props(:h, '{PR_SUBJECT, PR_MESSAGE_FLAGS}'), has_edits FROM open_handles WHERE handle = :h;
SELECT properties, (read_message(:store, :one)->>'PR_CLIENT_SUBMIT_TIME')::timestamptz BETWEEN now() - interval '1 hour' AND now() AS just_now FROM history(:store, :one) WHERE kind = 'submit';
SELECT message_at(:store, :one, previous)->'PR_MESSAGE_FLAGS' AS before FROM history(:store, :one) WHERE kind = 'submit';
TABLE pg_temp.queue;
-- a submitted message cannot be saved, in any way, nor submitted again
SELECT set_props(:h, '{"PR_SUBJECT": "two"}');
SELECT save_changes(:h), force_save(:h), submit_message(:h), resolve_conflict(:h, 'OVERWRITE'), resolve_conflict(:h, 'MERGE');
SELECT result FROM save_message(:store, :one, pg_temp.number(:one), '{"PR_SUBJECT": "x"}', 'FORCE_SAVE');
SELECT submit_message(:store, :one, pg_temp.number(:one));
SELECT result FROM restore_version(:store, :one, pg_temp.number(:one), pg_temp.number(:one));
-- a read flag and a status can be set
SELECT set_read_flag(:store, :one, 4), set_message_status(:store, :one, 1, 1);
SELECT set_read_flag(:store, :one);

-- taken back: unsent again, and a save goes through
SELECT abort_submit(:store, :one);
SELECT pg_temp.stands(:one), (SELECT count(*) FROM outgoing_queue WHERE store_id = :store) AS queued;
SELECT abort_submit(:store, :one), save_changes(:h);
SELECT property, side FROM conflict(:h);
SELECT force_save(:h);
SELECT close_object(:h);
-- fail
SELECT abort_submit(:store, 0);

-- without a handle, at a version
SELECT submit_message(:store, :one, pg_temp.number(:one) - 1), submit_message(:store, :one, pg_temp.number(:one), 'ann');
SELECT changed_by FROM history(:store, :one) ORDER BY changed_at DESC LIMIT 1;
SELECT submitted_by, state FROM outgoing_queue WHERE message_id = :one;
-- fail
SELECT submit_message(:store, 0, 1);
-- fail
SELECT submit_message(0, 0, 1);

-- without recipients nothing is stored
SELECT message_id AS none, change_number AS n FROM save_new_message(:store, :outbox, '{"PR_SUBJECT": "nobody"}') \gset
SELECT submit_message(:store, :none, :n), pg_temp.stands(:none);
SELECT open_message(:store, :none, 'MAPI_MODIFY') AS e \gset
SELECT set_props(:e, '{"PR_SUBJECT": "edited", "PR_MESSAGE_RECIPIENTS": []}');
SELECT submit_message(:e), get_props(:e, '{PR_SUBJECT}'), pg_temp.number(:none) = :n AS stands, has_edits FROM open_handles WHERE handle = :e;
SELECT modify_recipients(:e, 'MODRECIP_ADD', :'to');
SELECT submit_message(:e);
SELECT pg_temp.stands(:none);
-- a new message: both changes, or nothing
SELECT create_message(:store, :outbox) AS n \gset
SELECT set_props(:n, '{"PR_SUBJECT": "new"}');
SELECT submit_message(:n), (SELECT count(*) FROM message WHERE store_id = :store) AS stored;
SELECT modify_recipients(:n, 'MODRECIP_ADD', :'to');
SELECT submit_message(:n);
SELECT pg_temp.stands(message_id(:n)), is_new FROM open_handles WHERE handle = :n;
-- the order of the answers: read-only, deleted, submitted, changed, no recipients
SELECT open_message(:store, :none) AS r \gset
SELECT submit_message(:r);
SELECT message_id AS d, change_number AS dn FROM save_new_message(:store, :outbox, '{"PR_SUBJECT": "deleted"}') \gset
SELECT result FROM save_message(:store, :d, :dn, '{"PR_SUBJECT": "changed"}');
SELECT submit_message(:store, :d, :dn);
SELECT delete_messages(:store, ARRAY[:d]), submit_message(:store, :d, :dn);
-- fail
SELECT submit_message(create_attachment(:e));

-- claimed: those that have waited longest first, each once, until the lease ends
SELECT subject, attempt FROM pg_temp.queue;
SELECT c.claim AS claim FROM claim_outgoing(:store, 1, '1 hour') AS c \gset
SELECT c.change_number = pg_temp.number(c.message_id) AS current, c.claim > :claim AS later, c.attempt FROM claim_outgoing(:store, 10, '1 hour') AS c;
SELECT count(*) FROM claim_outgoing(:store, 10, '1 hour');
TABLE pg_temp.queue;
SELECT abort_submit(:store, :one);
SELECT finish_submit(:store, :one, 0, 'SENT'), finish_submit(:store, :one, :claim - 1, 'SENT'), finish_submit(:store, 0, :claim, 'SENT'), finish_submit(:store, :none, :claim, 'FAILED');
-- sent: to Sent Items, not unsent any more
SELECT finish_submit(:store, :one, :claim, 'SENT', 'accepted', NULL, 'transport');
SELECT pg_temp.stands(:one), changed_by FROM history(:store, :one) WHERE kind = 'move';
SELECT finish_submit(:store, :one, :claim, 'SENT'), abort_submit(:store, :one);
-- a sent message can be saved, and sent again
SELECT result FROM save_message(:store, :one, pg_temp.number(:one), '{"PR_COMMENT": "filed"}');
SELECT submit_message(:store, :one, pg_temp.number(:one)), abort_submit(:store, :one);
SELECT pg_temp.stands(:one);
-- later, and failed
SELECT claim AS c2 FROM outgoing WHERE message_id = :none \gset
SELECT finish_submit(:store, :none, :c2, 'RETRY', 'busy', '1 day');
SELECT finish_submit(:store, :none, :c2, 'SENT'), (SELECT count(*) FROM claim_outgoing(:store, 10, '1 hour')) AS due;
SELECT subject, state, attempt, detail, due_at > now() + interval '23 hours' AS tomorrow FROM outgoing_queue WHERE message_id = :none;
UPDATE outgoing SET due_at = now() WHERE message_id = :none;
SELECT c.claim AS c3, c.attempt FROM claim_outgoing(:store, 10, '1 hour') AS c \gset
SELECT finish_submit(:store, :none, :c3, 'RETRY'), (SELECT attempt FROM claim_outgoing(:store, 10, '1 hour')) AS attempt;
SELECT claim AS c4 FROM outgoing WHERE message_id = :none \gset
SELECT finish_submit(:store, :none, :c4, 'FAILED', 'no such user');
SELECT pg_temp.stands(:none);
SELECT subject, state, attempt, detail, failed_at <= clock_timestamp() AS past FROM outgoing_queue WHERE message_id = :none;
SELECT abort_submit(:store, :none), finish_submit(:store, :none, :c4, 'SENT'), (SELECT count(*) FROM claim_outgoing(:store, 10, '1 hour')) AS due;
SELECT result FROM save_message(:store, :none, pg_temp.number(:none), '{"PR_SUBJECT": "corrected"}');
SELECT submit_message(:store, :none, pg_temp.number(:none));
SELECT subject, state, attempt, detail FROM outgoing_queue WHERE message_id = :none;
-- a lease that has ended: offered again, and the old claim is void
UPDATE outgoing SET claimed_until = now() - interval '1 second' WHERE store_id = :store AND claim IS NOT NULL;
SELECT message_id(:n) AS new \gset
SELECT claim AS old FROM outgoing WHERE message_id = :new \gset
SELECT finish_submit(:store, :new, :old, 'SENT');
SELECT c.attempt, c.claim > :old AS later FROM claim_outgoing(:store, 10, '1 hour') AS c ORDER BY c.attempt DESC;
SELECT finish_submit(:store, :new, :old, 'SENT'), pg_temp.stands(:new);
UPDATE outgoing SET claimed_until = now() - interval '1 second' WHERE message_id = :new;
SELECT abort_submit(:store, :new);

-- where a sent message goes
SELECT read_message(:store, :new)->>'PR_PARENT_ENTRYID' AS outbox_entry, create_folder(:store, NULL, 'Filed') AS filed \gset
SELECT message_id AS in_filed FROM save_new_message(:store, :filed, '{}') \gset
SELECT read_message(:store, :in_filed)->>'PR_PARENT_ENTRYID' AS filed_entry \gset
CREATE FUNCTION pg_temp.send(id bigint) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    s bigint := (SELECT store_id FROM store_list WHERE name = 'submit');
    c record;
BEGIN
    IF submit_message(s, id, pg_temp.number(id)) <> 'S_OK' THEN RETURN 'not submitted'; END IF;
    SELECT * INTO c FROM claim_outgoing(s, 100, '1 hour') AS o WHERE o.message_id = id;
    RETURN finish_submit(s, id, c.claim, 'SENT')::text || ' ' || pg_temp.stands(id)::text;
END $$;
SELECT pg_temp.send(pg_temp.message('deleted', '{"PR_DELETE_AFTER_SUBMIT": true}'));
SELECT pg_temp.send(pg_temp.message('not deleted', '{"PR_DELETE_AFTER_SUBMIT": false}'));
SELECT pg_temp.send(pg_temp.message('filed', jsonb_build_object('PR_SENTMAIL_ENTRYID', :'filed_entry')));
SELECT pg_temp.send(pg_temp.message('deleted, not filed', jsonb_build_object('PR_SENTMAIL_ENTRYID', :'filed_entry', 'PR_DELETE_AFTER_SUBMIT', true)));
SELECT pg_temp.send(pg_temp.message('stays', jsonb_build_object('PR_SENTMAIL_ENTRYID', :'outbox_entry')));
SELECT pg_temp.send(pg_temp.message('of no folder', jsonb_build_object('PR_SENTMAIL_ENTRYID', e)))
FROM unnest(ARRAY['', 'AAAA', regexp_replace(:'filed_entry', '.{8}$', 'AAAAAAAA'), read_message(:store, :new)->>'PR_ENTRYID', 'AQAA' || substr(:'filed_entry', 5)]) AS e;
-- deferred: not due before its time
SELECT pg_temp.message('deferred', jsonb_build_object('PR_DEFERRED_SEND_TIME', to_char(now() AT TIME ZONE 'UTC' + interval '1 day', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))) AS late \gset
SELECT pg_temp.message('not deferred', '{"PR_DEFERRED_SEND_TIME": "2001-01-01T00:00:00Z"}') AS soon \gset
SELECT submit_message(:store, :late, pg_temp.number(:late)), submit_message(:store, :soon, pg_temp.number(:soon));
SELECT subject, state FROM outgoing_queue WHERE message_id IN (:late, :soon) ORDER BY message_id;
SELECT c.message_id = :soon AS soon FROM claim_outgoing(:store, 10, '1 hour') AS c;
SELECT abort_submit(:store, :late);
-- deleted while it waits: not offered, and back in the queue when it is restored
SELECT pg_temp.message('gone') AS gone \gset
SELECT submit_message(:store, :gone, pg_temp.number(:gone)), delete_messages(:store, ARRAY[:gone]);
SELECT count(*) AS offered FROM claim_outgoing(:store, 10, '1 hour') AS c WHERE c.message_id = :gone;
SELECT count(*) AS listed FROM outgoing_queue WHERE message_id = :gone;
SELECT restore_messages(:store, ARRAY[:gone]);
SELECT c.claim AS gc FROM claim_outgoing(:store, 10, '1 hour') AS c WHERE c.message_id = :gone \gset
-- deleted while it is being sent: it stays deleted
SELECT delete_messages(:store, ARRAY[:gone]), finish_submit(:store, :gone, :gc, 'SENT');
SELECT pg_temp.stands(:gone);
SELECT delete_messages(:store, ARRAY[:soon], 'DELETE_HARD_DELETE');
SELECT count(*) FROM outgoing WHERE message_id = :soon;
-- bad arguments
-- fail
SELECT finish_submit(:store, :one, 1, 'sent');
-- fail
SELECT * FROM claim_outgoing(:store, -1, '1 hour');
-- fail
SELECT * FROM claim_outgoing(:store, 1, '-1 hour');
SELECT count(*) FROM claim_outgoing(:store, 0, '1 hour');

-- rights: to submit and to take back, those of an editor; to send, those of the Outbox' owner
CREATE ROLE regress_author;
CREATE ROLE regress_transport;
SELECT grant_folder(:store, :outbox, 'regress_author', 'NONEDITING_AUTHOR');
SELECT grant_folder(:store, :outbox, 'regress_transport', 'FOLDER_OWNER');
SELECT pg_temp.message('of the owner') AS owners \gset
SET ROLE regress_author;
SELECT create_message(:store, :outbox) AS a \gset
SELECT modify_recipients(:a, 'MODRECIP_ADD', :'to');
SELECT submit_message(:a), count(*) AS stored FROM message_list WHERE message_id = message_id(:a);
-- fail
SELECT * FROM claim_outgoing(:store, 1, '1 hour');
-- fail
SELECT finish_submit(:store, :owners, 1, 'SENT');
RESET ROLE;
SELECT grant_folder(:store, :outbox, 'regress_author', 'AUTHOR');
SET ROLE regress_author;
SELECT submit_message(:a);
SELECT submit_message(:store, :owners, change_number) FROM message_list WHERE message_id = :owners;
-- fail
SELECT abort_submit(:store, :owners);
SELECT abort_submit(:store, message_id(:a));
SELECT submit_message(:store, message_id, change_number) FROM message_list WHERE message_id = message_id(:a);
SELECT message_id(:a) AS authors \gset
SET ROLE regress_transport;
SELECT count(*) AS readable FROM message_list WHERE store_id = :store;
SELECT c.message_id = :authors AS of_author, c.claim AS ac FROM claim_outgoing(:store, 1, '1 hour') AS c \gset
SELECT :'of_author' AS of_author, finish_submit(:store, :authors, :ac, 'SENT');
RESET ROLE;
SELECT (pg_temp.stands(:authors)).folder;
SELECT revoke_folder(:store, :outbox, 'regress_author'), revoke_folder(:store, :outbox, 'regress_transport');
DROP ROLE regress_author, regress_transport;
