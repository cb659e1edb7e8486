"""msgstore from Python, with SQLAlchemy over psycopg2.
Usage: python_sqlalchemy.py STORE"""
import json
import sys

from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

engine = create_engine("postgresql+psycopg2://")


# One call in a transaction of its own.
def row(sql, **values):
    with engine.begin() as connection:
        return connection.execute(text(sql), values).fetchone()


(store,) = row("SELECT msgstore.create_store(:name)", name=sys.argv[1])
result, message, n = row(
    """SELECT result, message_id, change_number
       FROM msgstore.save_new_message(
           :store, msgstore.special_folder(:store, 'Inbox'), :props)""",
    store=store,
    props=json.dumps({"PR_SUBJECT": "Printer on fire", "PR_BODY": "It smokes."}))
print("created:", result)


def save(number, changes, actor):
    return row(
        """SELECT result, change_number
           FROM msgstore.save_message(
               :store, :message, :n, :changes, actor => :actor)""",
        store=store, message=message, n=number, changes=json.dumps(changes),
        actor=actor)


# Ann saves.  Bob, who read the message before, is refused, and loses nothing.
print("ann:", save(n, {"PR_SUBJECT": "Printer on fire (2nd floor)"}, "ann").result)
edits = {"PR_IMPORTANCE": 2}
print("bob:", save(n, edits, "bob").result)

# The report: both changes, compared with the version that Bob read.
with engine.connect() as connection:
    for name, theirs, side, by in connection.execute(
            text("""SELECT property, theirs, side, changed_by
                    FROM msgstore.conflict(:store, :message, :n, :edits)"""),
            {"store": store, "message": message, "n": n,
             "edits": json.dumps(edits)}):
        print("conflict:", name, json.dumps(theirs), side, by or "-")

# No property was changed by both, so Bob's edits are merged into Ann's version.
merged = row(
    """SELECT result, change_number
       FROM msgstore.resolve_conflict(
           :store, :message, :n, :edits, 'MERGE', actor => 'bob')""",
    store=store, message=message, n=n, edits=json.dumps(edits))
print("merged:", merged.result)


# An edit that depends on the present text: read, edit, save, and again on a conflict.
def append(line):
    while True:
        (props,) = row("SELECT msgstore.read_message(:store, :message)",
                       store=store, message=message)
        saved = save(props["PidTagChangeNumber"],
                     {"PR_BODY": props["PR_BODY"] + line}, "bob")
        if saved.result != "MAPI_E_OBJECT_CHANGED":
            return saved.result


print("appended:", append(" Fire brigade called."))

# An attachment, in pieces.  A handle belongs to the session: one connection.
with engine.begin() as connection:
    def one(sql, **values):
        return connection.execute(text(sql), values).scalar()

    handle = one("SELECT msgstore.open_message(:store, :message, 'MAPI_MODIFY')",
                 store=store, message=message)
    attachment = one("SELECT msgstore.create_attachment(:h)", h=handle)
    one("SELECT msgstore.set_props(:h, :props)", h=attachment,
        props=json.dumps({"PR_ATTACH_LONG_FILENAME": "photo.jpg",
                          "PR_ATTACH_METHOD": 1}))
    for piece in range(3):
        one("SELECT msgstore.write_stream(:h, 'PR_ATTACH_DATA_BIN', :offset, :bytes)",
            h=attachment, offset=piece * 100000, bytes=b"x" * 100000)
    one("SELECT msgstore.save_changes(:h)", h=attachment)
    print("attached:", one("SELECT msgstore.save_changes(:h)", h=handle))
    print("bytes:", one("SELECT msgstore.stream_size(:h, 'PR_ATTACH_DATA_BIN')",
                        h=attachment))
    one("SELECT msgstore.close_object(:h)", h=handle)

# Errors have a SQLSTATE of class MA.
try:
    row("SELECT msgstore.read_message(:store, 999999)", store=store)
except DBAPIError as error:
    print("error:", error.orig.pgcode)
