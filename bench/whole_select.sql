-- The same data, from a plain table.
SELECT version, props, recipients, attachments FROM rival.whole WHERE id = :id;
