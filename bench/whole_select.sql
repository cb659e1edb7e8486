-- A rival: read all properties of a message from the plain table.
SELECT version, props, recipients, attachments FROM rival.whole WHERE id = :id;
