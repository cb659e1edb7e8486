"""msgstore from Python, with psycopg 3.  Usage: python_psycopg.py STORE"""
import json
import sys

import psycopg

ms = psycopg.connect("", autocommit=True)


def row(sql, *args):
    return ms.execute(sql, args).fetchone()


# A store with a message, as the number n of a version.
(store,) = row("SELECT msgstore.create_store(%s)", sys.argv[1])
result, message, n = row(
    """SELECT result, message_id, change_number
       FROM msgstore.save_new_message(%s, msgstore.special_folder(%s, 'Inbox'), %s)""",
    store, store,
    json.dumps({"PR_SUBJECT": "Printer on fire", "PR_BODY": "It smokes."}))
print("created:", result)

# Ann saves.  Bob, who read the message before, is refused, and loses nothing.
SAVE = """SELECT result, change_number
          FROM msgstore.save_message(%s, %s, %s, %s, actor => %s)"""
result, _ = row(SAVE, store, message, n,
                json.dumps({"PR_SUBJECT": "Printer on fire (2nd floor)"}), "ann")
print("ann:", result)
edits = json.dumps({"PR_IMPORTANCE": 2})
result, newest = row(SAVE, store, message, n, edits, "bob")
print("bob:", result)

# The report: both changes, compared with the version that Bob read.
for name, theirs, side, by in ms.execute(
        """SELECT property, theirs, side, changed_by
           FROM msgstore.conflict(%s, %s, %s, %s)""",
        (store, message, n, edits)):
    print("conflict:", name, json.dumps(theirs), side, by or "-")

# No property was changed by both, so Bob's edits are merged into Ann's version.
result, newest = row(
    """SELECT result, change_number
       FROM msgstore.resolve_conflict(%s, %s, %s, %s, 'MERGE', actor => 'bob')""",
    store, message, n, edits)
print("merged:", result)


# An edit that depends on the present text: read, edit, save, and again on a conflict.
def append(line):
    while True:
        (props,) = row("SELECT msgstore.read_message(%s, %s)", store, message)
        result, _ = row(SAVE, store, message, props["PidTagChangeNumber"],
                        json.dumps({"PR_BODY": props["PR_BODY"] + line}), "bob")
        if result != "MAPI_E_OBJECT_CHANGED":
            return result


print("appended:", append(" Fire brigade called."))

# An attachment, in pieces.  A handle belongs to the session, hence to ms.
with ms.transaction():
    (handle,) = row("SELECT msgstore.open_message(%s, %s, 'MAPI_MODIFY')",
                    store, message)
    (attachment,) = row("SELECT msgstore.create_attachment(%s)", handle)
    row("SELECT msgstore.set_props(%s, %s)", attachment,
        json.dumps({"PR_ATTACH_LONG_FILENAME": "photo.jpg", "PR_ATTACH_METHOD": 1}))
    for piece in range(3):
        row("SELECT msgstore.write_stream(%s, 'PR_ATTACH_DATA_BIN', %s::bigint, %s)",
            attachment, piece * 100000, b"x" * 100000)
    row("SELECT msgstore.save_changes(%s)", attachment)
    (result,) = row("SELECT msgstore.save_changes(%s)", handle)
    print("attached:", result)
    (size,) = row("SELECT msgstore.stream_size(%s, 'PR_ATTACH_DATA_BIN')", attachment)
    print("bytes:", size)
    row("SELECT msgstore.close_object(%s)", handle)

# Errors have a SQLSTATE of class MA.
try:
    row("SELECT msgstore.read_message(%s, 999999)", store)
except psycopg.Error as error:
    print("error:", error.sqlstate)
