-- Read the data of the message from the plain table.
SELECT version, props, recipients, attachments FROM rival.whole WHERE id = :id;
