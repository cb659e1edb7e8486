-- Report the changes of others since a base, with one edit of the caller.
SELECT * FROM msgstore.conflict(:store, :id, :base, '{"PR_SENSITIVITY": 1}');
