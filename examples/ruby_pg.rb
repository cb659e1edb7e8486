# msgstore from Ruby, with pg.  Usage: ruby ruby_pg.rb STORE
require 'json'
require 'pg'

ms = PG.connect
row = ->(sql, *values) { ms.exec_params(sql, values).values.first }

store, = row.call('SELECT msgstore.create_store($1)', ARGV[0])
result, message, n = row.call(
  "SELECT result, message_id, change_number
   FROM msgstore.save_new_message($1::bigint,
     msgstore.special_folder($1::bigint, 'Inbox'), $2)",
  store, JSON.generate('PR_SUBJECT' => 'Printer on fire', 'PR_BODY' => 'It smokes.')
)
puts "created: #{result}"

save = lambda do |number, changes, actor|
  row.call('SELECT result, change_number
            FROM msgstore.save_message($1, $2, $3, $4, actor => $5)',
           store, message, number, JSON.generate(changes), actor)
end

# Ann saves.  Bob, who read the message before, is refused, and loses nothing.
puts "ann: #{save.call(n, { 'PR_SUBJECT' => 'Printer on fire (2nd floor)' }, 'ann')[0]}"
edits = { 'PR_IMPORTANCE' => 2 }
puts "bob: #{save.call(n, edits, 'bob')[0]}"

# The report: both changes, compared with the version that Bob read.
ms.exec_params(
  'SELECT property, theirs, side, changed_by FROM msgstore.conflict($1, $2, $3, $4)',
  [store, message, n, JSON.generate(edits)]
).each_row do |name, theirs, side, by|
  puts "conflict: #{name} #{theirs} #{side} #{by || '-'}"
end

# No property was changed by both, so Bob's edits are merged into Ann's version.
result, = row.call(
  "SELECT result, change_number
   FROM msgstore.resolve_conflict($1, $2, $3, $4, 'MERGE', actor => 'bob')",
  store, message, n, JSON.generate(edits)
)
puts "merged: #{result}"

# An edit that depends on the present text: read, edit, save, and again on a conflict.
append = lambda do |line|
  loop do
    props = JSON.parse(
      row.call('SELECT msgstore.read_message($1, $2)', store, message)[0]
    )
    answer, = save.call(props['PidTagChangeNumber'],
                        { 'PR_BODY' => props['PR_BODY'] + line }, 'bob')
    return answer if answer != 'MAPI_E_OBJECT_CHANGED'
  end
end
puts "appended: #{append.call(' Fire brigade called.')}"

# An attachment, in pieces.  A handle belongs to the session.
ms.transaction do
  handle, = row.call("SELECT msgstore.open_message($1, $2, 'MAPI_MODIFY')",
                     store, message)
  attachment, = row.call('SELECT msgstore.create_attachment($1)', handle)
  row.call('SELECT msgstore.set_props($1, $2)', attachment,
           JSON.generate('PR_ATTACH_LONG_FILENAME' => 'photo.jpg',
                         'PR_ATTACH_METHOD' => 1))
  3.times do |piece|
    row.call("SELECT msgstore.write_stream($1, 'PR_ATTACH_DATA_BIN', $2, $3)",
             attachment, piece * 100_000, { value: 'x' * 100_000, format: 1 })
  end
  row.call('SELECT msgstore.save_changes($1)', attachment)
  puts "attached: #{row.call('SELECT msgstore.save_changes($1)', handle)[0]}"
  size, = row.call("SELECT msgstore.stream_size($1, 'PR_ATTACH_DATA_BIN')",
                   attachment)
  puts "bytes: #{size}"
  row.call('SELECT msgstore.close_object($1)', handle)
end

# Errors have a SQLSTATE of class MA.
begin
  row.call('SELECT msgstore.read_message($1, 999999)', store)
rescue PG::Error => e
  puts "error: #{e.result.error_field(PG::PG_DIAG_SQLSTATE)}"
end
ms.close
