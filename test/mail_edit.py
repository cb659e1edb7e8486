#!/usr/bin/env python3
"""Edits one property of every message, and checks by Python's email package
that the exported mail differs in that property only.

usage: mail_edit.py COMMAND DIRECTORY PATH...

COMMAND is the program msgstore, DIRECTORY an empty directory to work in, and
each PATH is mail as "msgstore import" takes it.  No server is used.

Prints one line per message that differs elsewhere, and a count per edit.
Messages in which Python finds defects, or NUL, are counted apart: there Python
and the product disagree on the end of the header or on the parts.  Exits with 1
if another message differs.
"""
import base64
import collections
import copy
import email
import email.policy
import email.utils
import json
import os
import subprocess
import sys

TEXT = 'An edited text.\nIt has two lines, and an umlaut: \u00e4.\n'
HTML = '<p>An edited <b>text</b>, and an umlaut: \u00e4.</p>\n'
NAME = 'edited.bin'
BYTES = bytes(range(256))
PERSON = 'added@example.org'

# The fields of the root that describe the content, which may get another form.
CONTENT = {'content-type', 'content-transfer-encoding', 'content-disposition',
           'content-id', 'content-location', 'content-md5', 'content-length',
           'content-description', 'content-language', 'lines', 'mime-version'}


def attachments(props):
    return props.setdefault('PR_MESSAGE_ATTACHMENTS', [])


def coded(data):
    return base64.b64encode(data).decode()


def set_subject(props):
    props['PR_SUBJECT'] = 'Edited: \u00e4, and \u20ac'
    return True


def set_importance(props):
    props['PR_IMPORTANCE'] = 0 if props.get('PR_IMPORTANCE') == 2 else 2
    return True


def set_date(props):
    props['PR_CLIENT_SUBMIT_TIME'] = '2020-02-02T02:02:02Z'
    return True


def add_recipient(props):
    props.setdefault('PR_MESSAGE_RECIPIENTS', []).append({
        'PR_RECIPIENT_TYPE': 1, 'PR_DISPLAY_NAME': 'Added',
        'PR_ADDRTYPE': 'SMTP', 'PR_EMAIL_ADDRESS': PERSON,
        'PR_SMTP_ADDRESS': PERSON})
    return True


def set_text(props):
    props['PR_BODY'] = TEXT
    return True


def set_html(props):
    props['PR_HTML'] = coded(HTML.encode())
    return True


def add_attachment(props):
    numbers = [a.get('PR_ATTACH_NUM', 0) for a in attachments(props)]
    attachments(props).append({
        'PR_ATTACH_NUM': max(numbers, default=-1) + 1, 'PR_ATTACH_METHOD': 1,
        'PR_ATTACH_MIME_TAG': 'application/octet-stream',
        'PR_ATTACH_LONG_FILENAME': NAME,
        'PR_ATTACH_DATA_BIN': coded(BYTES)})
    return True


def plain(props):
    """Attachments that are one part each: no message, nothing signed."""
    return [a for a in attachments(props)
            if 'PR_ATTACH_DATA_BIN' in a
            and not a['PR_ATTACH_MIME_TAG'].startswith(('multipart/',
                                                        'message/'))]


def delete_attachment(props):
    found = plain(props)
    if found:
        attachments(props).remove(found[-1])
    return bool(found)


def replace_attachment(props):
    found = plain(props)
    if found:
        found[-1]['PR_ATTACH_DATA_BIN'] = coded(BYTES)
    return bool(found)


def content(part):
    """The content of a part without parts, as Python decodes it."""
    return part.get_payload(decode=True) or b''


def text_of(part):
    try:
        return content(part).decode(part.get_content_charset() or 'ascii',
                                    'replace').replace('\r\n', '\n')
    except LookupError:
        return ''


def name_of(part):
    try:
        return part.get_filename()
    except Exception:
        return None


def leaves(message):
    return [part for part in message.walk() if not part.is_multipart()]


def described(message, part):
    """A part with its header; of the root, only the content counts."""
    header = () if part is message else tuple(
        (name, str(value)) for name, value in part.items())
    return header, part.get_content_type(), content(part)


def fields(message, left_out):
    return [(name, value) for name, value in message.items()
            if name.lower() not in left_out]


def check_fields(old, new, names, leaves_too=True):
    """Only fields of the given names may differ."""
    names = set(names)
    before, after = fields(old, names), fields(new, names)
    if before != after:
        gone = [f for f in before if f not in after]
        come = [f for f in after if f not in before]
        return 'fields: %.100r, %.100r' % (gone[:1], come[:1])
    if leaves_too:
        kinds = [[described(m, part) for part in m.walk()
                  if not part.is_multipart() or part is not m]
                 for m in (old, new)]
        if kinds[0] != kinds[1]:
            return 'parts'
    return None


def counted(message):
    return collections.Counter(described(message, part)
                               for part in leaves(message))


def check_parts(old, new, may_go, may_come):
    """Only parts for which may_go and may_come are true may differ."""
    why = check_fields(old, new, CONTENT, False)
    if why:
        return why
    # the content of the root can become a part, with the fields of the root
    bare = [collections.Counter((t, c) for _, t, c in counted(m).elements())
            for m in (old, new)]
    uuencoded = has_uuencoded(old)
    for one, may in ((bare[0] - bare[1], may_go), (bare[1] - bare[0],
                                                   may_come)):
        for kind, data in one.elements():
            # without its only part, a multipart is empty
            if not may(kind, data) and data.strip() and not uuencoded:
                return 'a part: %s %.60r' % (kind, data)
    return None


def is_new_text(kind, data):
    return TEXT.encode().split() == data.split()


def is_new_html(kind, data):
    return HTML.encode().split() == data.split()


def subject_ok(old, new):
    return check_fields(old, new, ['subject'])


def importance_ok(old, new):
    return check_fields(old, new, ['importance', 'x-priority',
                                   'x-msmail-priority'])


def date_ok(old, new):
    if email.utils.parsedate_to_datetime(new['Date']).year != 2020:
        return 'Date: %r' % new['Date']
    return check_fields(old, new, ['date'])


def people(message, name):
    return {address for _, address in email.utils.getaddresses(
        [str(v) for v in message.get_all(name, [])])}


def recipient_ok(old, new):
    if PERSON not in people(new, 'To'):
        return 'the recipient is missing'
    return check_fields(old, new, ['to', 'apparently-to'])


def has_uuencoded(message):
    """A file uuencoded within a text becomes a part if the text is written."""
    return any(b'\nbegin ' in content(part) for part in leaves(message))


def is_text(kind, data):
    """Also a multipart without parts, whose content is read as a text."""
    return kind.startswith(('text/', 'multipart/'))


def text_ok(old, new):
    if not any(text_of(part) == TEXT and part.get_content_type() ==
               'text/plain' for part in leaves(new)):
        return 'the text is missing'
    return check_parts(old, new, is_text, is_new_text)


def html_ok(old, new):
    if not any(text_of(part) == HTML and part.get_content_type() ==
               'text/html' for part in leaves(new)):
        return 'the HTML is missing'
    return check_parts(old, new, is_text, is_new_html)


def is_new_bytes(kind, data):
    return data == BYTES


def added_ok(old, new):
    if not any(content(part) == BYTES and name_of(part) == NAME
               for part in leaves(new)):
        return 'the attachment is missing'
    return check_parts(old, new, lambda kind, data: False, is_new_bytes)


def one_of(kinds):
    """True once, for a part."""
    left = [1]

    def take(kind, data):
        left[0] -= 1
        return left[0] >= 0
    return take


def deleted_ok(old, new):
    return check_parts(old, new, one_of(1), lambda kind, data: False)


def replaced_ok(old, new):
    if not any(content(part) == BYTES for part in leaves(new)):
        return 'the bytes are missing'
    return check_parts(old, new, one_of(1), is_new_bytes)


EDITS = {
    'subject': (set_subject, subject_ok),
    'importance': (set_importance, importance_ok),
    'date': (set_date, date_ok),
    'recipient': (add_recipient, recipient_ok),
    'text': (set_text, text_ok),
    'html': (set_html, html_ok),
    'attachment added': (add_attachment, added_ok),
    'attachment deleted': (delete_attachment, deleted_ok),
    'attachment replaced': (replace_attachment, replaced_ok),
}


def parsed(data):
    """A mail without a byte order mark, which hides the header from Python."""
    if data.startswith(b'\xef\xbb\xbf'):
        data = data[3:]
    return email.message_from_bytes(data, policy=email.policy.compat32)


def is_broken(data):
    return b'\0' in data or any(part.defects for part in parsed(data).walk())


def main():
    command, directory, *paths = sys.argv[1:]
    lines = subprocess.run([command, 'import', '--dry-run'] + paths,
                           stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    messages = [json.loads(line) for line in lines.stdout.splitlines()]
    failed = 0
    for number, (edit, (change, check)) in enumerate(EDITS.items()):
        file = os.path.join(directory, '%d.json' % number)
        out = os.path.join(directory, '%d' % number)
        edited = []
        for message in messages:
            one = copy.deepcopy(message)
            if change(one['properties']):
                edited.append(one)
        with open(file, 'w', encoding='utf-8') as f:
            for one in edited:
                f.write(json.dumps(one) + '\n')
        subprocess.run([command, 'export', '--lines=' + file, out], check=True,
                       stdout=subprocess.DEVNULL)
        equal = broken = broken_equal = 0
        for n, one in enumerate(edited, 1):
            before = base64.b64decode(one['properties']['PR_INTERNET_CONTENT'])
            with open(os.path.join(out, '%d.eml' % n), 'rb') as f:
                after = f.read()
            try:
                why = check(parsed(before), parsed(after))
            except Exception as error:
                why = 'Python cannot read it: %r' % error
            if is_broken(before):
                broken += 1
                broken_equal += why is None
            elif why is None:
                equal += 1
            else:
                failed += 1
                print('%s: %s: %s' % (edit, one['message'], why))
        print('%s: %d of %d, and %d of %d with defects'
              % (edit, equal, len(edited) - broken, broken_equal, broken))
    return failed > 0


sys.exit(main())
