<?php
// msgstore from PHP, with pgsql.  Usage: php php_pgsql.php STORE
$ms = pg_connect('');

function row(string $sql, ...$values): array
{
    global $ms;
    return pg_fetch_row(pg_query_params($ms, $sql, $values));
}

[$store] = row('SELECT msgstore.create_store($1)', $argv[1]);
[$result, $message, $n] = row(
    "SELECT result, message_id, change_number
     FROM msgstore.save_new_message(\$1::bigint,
       msgstore.special_folder(\$1::bigint, 'Inbox'), \$2)",
    $store,
    json_encode(['PR_SUBJECT' => 'Printer on fire', 'PR_BODY' => 'It smokes.'])
);
echo "created: $result\n";

function save($number, array $changes, string $actor): string
{
    global $store, $message;
    return row(
        'SELECT result, change_number
         FROM msgstore.save_message($1, $2, $3, $4, actor => $5)',
        $store, $message, $number, json_encode($changes), $actor
    )[0];
}

// Ann saves.  Bob, who read the message before, is refused, and loses nothing.
echo 'ann: ', save($n, ['PR_SUBJECT' => 'Printer on fire (2nd floor)'], 'ann'), "\n";
$edits = ['PR_IMPORTANCE' => 2];
echo 'bob: ', save($n, $edits, 'bob'), "\n";

// The report: both changes, compared with the version that Bob read.
$report = pg_query_params(
    $ms,
    'SELECT property, theirs, side, changed_by
     FROM msgstore.conflict($1, $2, $3, $4)',
    [$store, $message, $n, json_encode($edits)]
);
while ($r = pg_fetch_assoc($report)) {
    echo "conflict: {$r['property']} {$r['theirs']} {$r['side']} ",
        $r['changed_by'] ?? '-', "\n";
}

// No property was changed by both, so Bob's edits are merged into Ann's version.
[$result] = row(
    "SELECT result, change_number
     FROM msgstore.resolve_conflict(\$1, \$2, \$3, \$4, 'MERGE', actor => 'bob')",
    $store, $message, $n, json_encode($edits)
);
echo "merged: $result\n";

// An edit that depends on the present text: read, edit, save, and again on a conflict.
function append(string $line): string
{
    global $store, $message;
    do {
        [$json] = row('SELECT msgstore.read_message($1, $2)', $store, $message);
        $props = json_decode($json, true);
        $result = save(
            $props['PidTagChangeNumber'],
            ['PR_BODY' => $props['PR_BODY'] . $line],
            'bob'
        );
    } while ($result === 'MAPI_E_OBJECT_CHANGED');
    return $result;
}
echo 'appended: ', append(' Fire brigade called.'), "\n";

// An attachment, in pieces.  A handle belongs to the session.
pg_query($ms, 'BEGIN');
[$handle] = row("SELECT msgstore.open_message(\$1, \$2, 'MAPI_MODIFY')", $store, $message);
[$attachment] = row('SELECT msgstore.create_attachment($1)', $handle);
row(
    'SELECT msgstore.set_props($1, $2)',
    $attachment,
    json_encode(['PR_ATTACH_LONG_FILENAME' => 'photo.jpg', 'PR_ATTACH_METHOD' => 1])
);
for ($piece = 0; $piece < 3; $piece++) {
    row(
        "SELECT msgstore.write_stream(\$1, 'PR_ATTACH_DATA_BIN', \$2, \$3)",
        $attachment,
        $piece * 100000,
        pg_escape_bytea($ms, str_repeat('x', 100000))
    );
}
row('SELECT msgstore.save_changes($1)', $attachment);
[$result] = row('SELECT msgstore.save_changes($1)', $handle);
echo "attached: $result\n";
[$size] = row("SELECT msgstore.stream_size(\$1, 'PR_ATTACH_DATA_BIN')", $attachment);
echo "bytes: $size\n";
row('SELECT msgstore.close_object($1)', $handle);
pg_query($ms, 'COMMIT');

// Errors have a SQLSTATE of class MA.
pg_send_query_params($ms, 'SELECT msgstore.read_message($1, 999999)', [$store]);
echo 'error: ',
    pg_result_error_field(pg_get_result($ms), PGSQL_DIAG_SQLSTATE), "\n";
