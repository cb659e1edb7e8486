-- Count the messages with a bit set in a property without an index.
SELECT msgstore.count_messages(:store, :id,
    '{"bitmask": {"name": "PR_FLAG_STATUS", "relop": "<>0", "mask": 4}}');
