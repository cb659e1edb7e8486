// msgstore from Node.js, with pg.  Usage: node node_pg.js STORE
// Ids and change numbers are below 2^53: as JSON they are exact numbers.  As bigint
// columns pg returns them as strings, which msgstore takes back as they are.
'use strict';
const { Client } = require('pg');

async function main() {
  const ms = new Client();
  await ms.connect();
  const row = async (sql, ...values) => (await ms.query(sql, values)).rows[0];

  const { store } = await row('SELECT msgstore.create_store($1) AS store',
    process.argv[2]);
  const created = await row(
    `SELECT result, message_id, change_number
     FROM msgstore.save_new_message($1::bigint,
       msgstore.special_folder($1::bigint, 'Inbox'), $2)`,
    store, { PR_SUBJECT: 'Printer on fire', PR_BODY: 'It smokes.' });
  const message = created.message_id;
  const n = created.change_number;
  console.log('created:', created.result);

  const save = (number, changes, actor) => row(
    `SELECT result, change_number
     FROM msgstore.save_message($1, $2, $3, $4, actor => $5)`,
    store, message, number, changes, actor);

  // Ann saves.  Bob, who read the message before, is refused, and loses nothing.
  const ann = await save(n, { PR_SUBJECT: 'Printer on fire (2nd floor)' }, 'ann');
  console.log('ann:', ann.result);
  const edits = { PR_IMPORTANCE: 2 };
  console.log('bob:', (await save(n, edits, 'bob')).result);

  // The report: both changes, compared with the version that Bob read.
  const report = await ms.query(
    `SELECT property, theirs, side, changed_by
     FROM msgstore.conflict($1, $2, $3, $4)`, [store, message, n, edits]);
  for (const r of report.rows) {
    console.log('conflict:', r.property, JSON.stringify(r.theirs), r.side,
      r.changed_by ?? '-');
  }

  // No property was changed by both, so Bob's edits are merged into Ann's version.
  const merged = await row(
    `SELECT result, change_number
     FROM msgstore.resolve_conflict($1, $2, $3, $4, 'MERGE', actor => 'bob')`,
    store, message, n, edits);
  console.log('merged:', merged.result);

  // An edit that depends on the present text: read, edit, save; again on a conflict.
  const append = async (line) => {
    for (;;) {
      const { props } = await row('SELECT msgstore.read_message($1, $2) AS props',
        store, message);
      const { result } = await save(props.PidTagChangeNumber,
        { PR_BODY: props.PR_BODY + line }, 'bob');
      if (result !== 'MAPI_E_OBJECT_CHANGED') return result;
    }
  };
  console.log('appended:', await append(' Fire brigade called.'));

  // An attachment, in pieces.  A handle belongs to the session: one client of a pool.
  await ms.query('BEGIN');
  const { handle } = await row(
    `SELECT msgstore.open_message($1, $2, 'MAPI_MODIFY') AS handle`, store, message);
  const { attachment } = await row(
    'SELECT msgstore.create_attachment($1) AS attachment', handle);
  await row('SELECT msgstore.set_props($1, $2)', attachment,
    { PR_ATTACH_LONG_FILENAME: 'photo.jpg', PR_ATTACH_METHOD: 1 });
  for (let piece = 0; piece < 3; piece++) {
    await row(`SELECT msgstore.write_stream($1, 'PR_ATTACH_DATA_BIN', $2, $3)`,
      attachment, piece * 100000, Buffer.alloc(100000, 'x'));
  }
  await row('SELECT msgstore.save_changes($1)', attachment);
  const { result } = await row('SELECT msgstore.save_changes($1) AS result', handle);
  console.log('attached:', result);
  const { size } = await row(
    `SELECT msgstore.stream_size($1, 'PR_ATTACH_DATA_BIN') AS size`, attachment);
  console.log('bytes:', size);
  await row('SELECT msgstore.close_object($1)', handle);
  await ms.query('COMMIT');

  // Errors have a SQLSTATE of class MA.
  try {
    await row('SELECT msgstore.read_message($1, 999999)', store);
  } catch (error) {
    console.log('error:', error.code);
  }
  await ms.end();
}

main().catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
