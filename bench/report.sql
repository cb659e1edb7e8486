-- What others have changed since a base, beside an edit of one's own.
SELECT * FROM msgstore.conflict(:store, :id, :base, '{"PR_SENSITIVITY": 1}');
