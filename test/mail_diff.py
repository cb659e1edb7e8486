#!/usr/bin/env python3
"""Compares mail files with what became of them, by Python's email package.

usage: mail_diff.py LINES DIRECTORY

LINES is what "msgstore import --dry-run" printed: line N names a message as
"file:number", and DIRECTORY/N.eml is that message, exported.  What is compared
is what a reader of mail sees: the header fields, decoded, in their order; the
tree of content types; of every part its name and its content, texts as
characters, anything else as bytes; and what is signed, to the byte.

Prints a line for every message that is not equal, with the first difference,
and at the end how many are.  Exits with 1 if one is not.
"""
import email
import email.header
import email.policy
import json
import os
import re
import sys


def messages_of(path):
    """The messages in a file, as bytes; those of an mbox unquoted."""
    data = open(path, 'rb').read()
    mbox = data[3:] if data.startswith(b'\xef\xbb\xbf') else data
    if not mbox.startswith(b'From ') or path.endswith('.eml'):
        return [data]
    data = mbox
    found = []
    start = (rb'\AFrom [^\n]*\n'
             rb'|(?:(?<=\n\n)|(?<=\n\r\n))From (?:[^\n]*\d\d:\d\d[^\n]*|\S+)\r?\n'
             rb'|(?<=\n)From \S+ (?:\w{3} ){2}[ \d]\d [\d:]{8} \d{4}\n')
    for piece in re.split(start, data)[1:]:
        piece = re.sub(rb'(?m)^>(>*From )', rb'\1', piece)
        # the empty line before the next From_ line is the mailbox's
        found.append(re.sub(rb'(?<=\n)\r?\n\Z', b'', piece))
    return found


def decoded(value):
    """A header field's value, its encoded words decoded, on one line."""
    try:
        text = str(email.header.make_header(email.header.decode_header(value)))
    except Exception:               # what Python cannot decode stays as it is
        text = str(value)
    return ' '.join(text.split())


def content(part):
    """A leaf's content: characters of a text, else bytes."""
    data = part.get_payload(decode=True) or b''
    if part.get_content_maintype() != 'text':
        return data
    charset = part.get_content_charset() or 'utf-8'
    try:
        text = data.decode(charset, 'replace')
    except (LookupError, UnicodeError):
        text = data.decode('latin-1')
    return text.replace('\r\n', '\n').rstrip('\n')


def described(message):
    """What is compared, as (what it is, value) in order."""
    for part in message.walk():
        kind = part.get_content_type()
        for name, value in part.items():
            # a text that names its encoding may now have another one
            yield 'field ' + name, decoded(value)
        yield 'type', kind
        try:
            yield 'name of ' + kind, part.get_filename()
        except Exception as error:
            yield 'name of ' + kind, str(error)
        if not part.is_multipart():
            yield 'content of ' + kind, content(part)


def signed(data):
    """The signed parts of a message, to the byte."""
    found = []
    for match in re.finditer(
            rb'(?im)^content-type:\s*multipart/signed\b[^\n]*'
            rb'(?:\n[ \t][^\n]*)*', data):
        boundary = re.search(rb'boundary="?([^";\s]+)', match.group(0))
        if boundary:
            marker = b'--' + boundary.group(1)
            pieces = data[match.end():].split(marker)
            found.append(pieces[1] if len(pieces) > 1 else b'')
    return found


def difference(before, after):
    """The first difference between two messages, or None."""
    if before == after:
        return None
    if signed(before) != signed(after):
        return 'what is signed'
    parse = lambda data: list(described(email.message_from_bytes(
        data[3:] if data.startswith(b'\xef\xbb\xbf') else data,
        policy=email.policy.compat32)))
    try:
        old, new = parse(before), parse(after)
    except Exception as error:
        return 'Python cannot read it: %s' % error
    for (what, value), (other, now) in zip(old, new):
        if (what, value) != (other, now):
            return '%s: %.60r is %s: %.60r' % (what, value, other, now)
    if len(old) != len(new):
        return 'it has %d properties of parts, and %d now' % (
            len(old), len(new))
    return None


def main():
    lines, directory = sys.argv[1:]
    files = {}
    equal = exact = total = 0
    for number, line in enumerate(open(lines, encoding='utf-8'), 1):
        name = json.loads(line)['message']
        path, index = name.rsplit(':', 1)
        if path not in files:
            files[path] = messages_of(path)
        before = files[path][int(index) - 1]
        with open(os.path.join(directory, '%d.eml' % number), 'rb') as file:
            after = file.read()
        total += 1
        exact += before == after
        why = difference(before, after)
        if why is None:
            equal += 1
        else:
            print('%s: %s' % (name, why))
    print('%d of %d equal, %d of them to the byte' % (equal, total, exact))
    return equal != total


sys.exit(main())
