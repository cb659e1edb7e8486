-- msgstore: save two properties of each of 20 messages in 20 calls, each a
-- transaction of its own, for comparison with bulk_calls.sql.

\set id random(1, :messages - 20)
SELECT array_agg((msgstore.read_message(:store, n, '{PidTagChangeNumber}')
				  ->> 'PidTagChangeNumber')::bigint ORDER BY n) AS versions
FROM generate_series(:id + 1, :id + 20) AS n \gset
SELECT result FROM msgstore.save_message(:store, :id + 1, (:versions::bigint[])[1], :patch);
SELECT result FROM msgstore.save_message(:store, :id + 2, (:versions::bigint[])[2], :patch);
SELECT result FROM msgstore.save_message(:store, :id + 3, (:versions::bigint[])[3], :patch);
SELECT result FROM msgstore.save_message(:store, :id + 4, (:versions::bigint[])[4], :patch);
SELECT result FROM msgstore.save_message(:store, :id + 5, (:versions::bigint[])[5], :patch);
SELECT result FROM msgstore.save_message(:store, :id + 6, (:versions::bigint[])[6], :patch);
SELECT result FROM msgstore.save_message(:store, :id + 7, (:versions::bigint[])[7], :patch);
SELECT result FROM msgstore.save_message(:store, :id + 8, (:versions::bigint[])[8], :patch);
SELECT result FROM msgstore.save_message(:store, :id + 9, (:versions::bigint[])[9], :patch);
SELECT result FROM msgstore.save_message(:store, :id + 10, (:versions::bigint[])[10], :patch);
SELECT result FROM msgstore.save_message(:store, :id + 11, (:versions::bigint[])[11], :patch);
SELECT result FROM msgstore.save_message(:store, :id + 12, (:versions::bigint[])[12], :patch);
SELECT result FROM msgstore.save_message(:store, :id + 13, (:versions::bigint[])[13], :patch);
SELECT result FROM msgstore.save_message(:store, :id + 14, (:versions::bigint[])[14], :patch);
SELECT result FROM msgstore.save_message(:store, :id + 15, (:versions::bigint[])[15], :patch);
SELECT result FROM msgstore.save_message(:store, :id + 16, (:versions::bigint[])[16], :patch);
SELECT result FROM msgstore.save_message(:store, :id + 17, (:versions::bigint[])[17], :patch);
SELECT result FROM msgstore.save_message(:store, :id + 18, (:versions::bigint[])[18], :patch);
SELECT result FROM msgstore.save_message(:store, :id + 19, (:versions::bigint[])[19], :patch);
SELECT result FROM msgstore.save_message(:store, :id + 20, (:versions::bigint[])[20], :patch);
