-- msgstore: save two properties of each of 20 messages in 20 calls, each a
-- transaction of its own, for comparison with bulk_calls.sql.

\set id random(1, :messages - 20)
SELECT v[1] AS v1,
	   v[2] AS v2,
	   v[3] AS v3,
	   v[4] AS v4,
	   v[5] AS v5,
	   v[6] AS v6,
	   v[7] AS v7,
	   v[8] AS v8,
	   v[9] AS v9,
	   v[10] AS v10,
	   v[11] AS v11,
	   v[12] AS v12,
	   v[13] AS v13,
	   v[14] AS v14,
	   v[15] AS v15,
	   v[16] AS v16,
	   v[17] AS v17,
	   v[18] AS v18,
	   v[19] AS v19,
	   v[20] AS v20
FROM (SELECT array_agg(change_number ORDER BY message_id) AS v
	  FROM msgstore.message_list
	  WHERE store_id = :store AND
		  message_id BETWEEN :id + 1 AND :id + 20) AS listed \gset
SELECT result FROM msgstore.save_message(:store, :id + 1, :v1, :patch);
SELECT result FROM msgstore.save_message(:store, :id + 2, :v2, :patch);
SELECT result FROM msgstore.save_message(:store, :id + 3, :v3, :patch);
SELECT result FROM msgstore.save_message(:store, :id + 4, :v4, :patch);
SELECT result FROM msgstore.save_message(:store, :id + 5, :v5, :patch);
SELECT result FROM msgstore.save_message(:store, :id + 6, :v6, :patch);
SELECT result FROM msgstore.save_message(:store, :id + 7, :v7, :patch);
SELECT result FROM msgstore.save_message(:store, :id + 8, :v8, :patch);
SELECT result FROM msgstore.save_message(:store, :id + 9, :v9, :patch);
SELECT result FROM msgstore.save_message(:store, :id + 10, :v10, :patch);
SELECT result FROM msgstore.save_message(:store, :id + 11, :v11, :patch);
SELECT result FROM msgstore.save_message(:store, :id + 12, :v12, :patch);
SELECT result FROM msgstore.save_message(:store, :id + 13, :v13, :patch);
SELECT result FROM msgstore.save_message(:store, :id + 14, :v14, :patch);
SELECT result FROM msgstore.save_message(:store, :id + 15, :v15, :patch);
SELECT result FROM msgstore.save_message(:store, :id + 16, :v16, :patch);
SELECT result FROM msgstore.save_message(:store, :id + 17, :v17, :patch);
SELECT result FROM msgstore.save_message(:store, :id + 18, :v18, :patch);
SELECT result FROM msgstore.save_message(:store, :id + 19, :v19, :patch);
SELECT result FROM msgstore.save_message(:store, :id + 20, :v20, :patch);
