-- A study in the middle, row by row as the first release of the tables (revision 0001) wrote it, Optuna 5.0.0's rows included.
INSERT INTO studies ("study_id", "study_name") VALUES
  (1, 'demo@2026-10-01');
INSERT INTO study_directions ("study_direction_id", "direction", "study_id", "objective") VALUES
  (1, 'MINIMIZE', 1, 0);
INSERT INTO study_system_attributes ("study_system_attribute_id", "study_id", "key", "value_json") VALUES
  (1, 1, 'study:metric_names', '["loss"]');
INSERT INTO study_user_attributes ("study_user_attribute_id", "study_id", "key", "value_json") VALUES
  (1, 1, 'hpo:objective', '{"metric": "loss", "direction": "minimize", "strategy": "last"}'),
  (2, 1, 'hpo:space', '{"x": {"type": "float", "low": 0.0, "high": 1.0, "log": false}, "kind": {"type": "categorical", "choices": ["a", "b"]}}'),
  (3, 1, 'hpo:search', '"94bdba496acf281d"');
INSERT INTO trials ("trial_id", "number", "study_id", "state", "datetime_start", "datetime_complete") VALUES
  (1, 0, 1, 'COMPLETE', '2026-11-21 14:37:42.986625', '2026-11-21 14:37:43.336755'),
  (2, 1, 1, 'PRUNED', '2026-11-21 14:37:43.097255', '2026-11-21 14:37:43.435341'),
  (3, 2, 1, 'FAIL', '2026-11-21 14:37:43.144446', '2026-11-21 14:37:43.625221'),
  (4, 3, 1, 'RUNNING', '2026-11-21 14:37:43.184630', NULL),
  (5, 4, 1, 'RUNNING', '2026-11-21 14:37:44.020258', NULL),
  (6, 5, 1, 'RUNNING', '2026-11-21 14:37:44.051656', NULL),
  (7, 6, 1, 'RUNNING', '2026-11-21 14:37:44.108066', NULL);
INSERT INTO trial_params ("param_id", "trial_id", "param_name", "param_value", "distribution_json") VALUES
  (1, 1, 'x', 0.9294760706919856, '{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.0, "high": 1.0, "log": false}}'),
  (2, 1, 'kind', 0.0, '{"name": "CategoricalDistribution", "attributes": {"choices": ["a", "b"]}}'),
  (3, 2, 'x', 0.569323113534659, '{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.0, "high": 1.0, "log": false}}'),
  (4, 2, 'kind', 1.0, '{"name": "CategoricalDistribution", "attributes": {"choices": ["a", "b"]}}'),
  (5, 3, 'x', 0.44864432613973015, '{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.0, "high": 1.0, "log": false}}'),
  (6, 3, 'kind', 0.0, '{"name": "CategoricalDistribution", "attributes": {"choices": ["a", "b"]}}'),
  (7, 4, 'x', 0.16102454773116648, '{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.0, "high": 1.0, "log": false}}'),
  (8, 4, 'kind', 1.0, '{"name": "CategoricalDistribution", "attributes": {"choices": ["a", "b"]}}'),
  (9, 5, 'x', 0.9290497333757116, '{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.0, "high": 1.0, "log": false}}'),
  (10, 5, 'kind', 0.0, '{"name": "CategoricalDistribution", "attributes": {"choices": ["a", "b"]}}'),
  (11, 6, 'x', 0.12884180814008228, '{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.0, "high": 1.0, "log": false}}'),
  (12, 6, 'kind', 0.0, '{"name": "CategoricalDistribution", "attributes": {"choices": ["a", "b"]}}'),
  (13, 7, 'x', 0.822431246192551, '{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.0, "high": 1.0, "log": false}}'),
  (14, 7, 'kind', 1.0, '{"name": "CategoricalDistribution", "attributes": {"choices": ["a", "b"]}}');
INSERT INTO trial_values ("trial_value_id", "trial_id", "objective", "value", "value_type") VALUES
  (1, 1, 0, 0.5, 'FINITE'),
  (2, 2, 0, 1.5, 'FINITE');
INSERT INTO trial_intermediate_values ("trial_intermediate_value_id", "trial_id", "step", "intermediate_value", "intermediate_value_type") VALUES
  (1, 2, 0, 2.0, 'FINITE'),
  (2, 2, 1, 1.5, 'FINITE');
INSERT INTO trial_system_attributes ("trial_system_attribute_id", "trial_id", "key", "value_json") VALUES
  (1, 5, 'tpe:relative_params:0', '"{\"kind\": \"a\", \"x\": 0.9290497333757116}"'),
  (2, 6, 'tpe:relative_params:0', '"{\"kind\": \"a\", \"x\": 0.12884180814008228}"');
INSERT INTO trial_user_attributes ("trial_user_attribute_id", "trial_id", "key", "value_json") VALUES
  (1, 1, 'hpo:key', '"001/0"'),
  (2, 1, 'hpo:seed', '704156439'),
  (3, 2, 'hpo:key', '"001/1"'),
  (4, 2, 'hpo:seed', '431607876'),
  (5, 3, 'hpo:key', '"001/2"'),
  (6, 3, 'hpo:seed', '766923874'),
  (7, 4, 'hpo:key', '"001/3"'),
  (8, 4, 'hpo:seed', '1256583187'),
  (9, 1, 'time_s', '2.0'),
  (10, 1, 'hpo:work', '"0f0f0f0f0f0f0f0f"'),
  (11, 2, 'time_s', '2.0'),
  (12, 2, 'hpo:work', '"0f0f0f0f0f0f0f0f"'),
  (13, 3, 'hpo:work', '"0f0f0f0f0f0f0f0f"'),
  (14, 5, 'hpo:key', '"002/0"'),
  (15, 5, 'hpo:seed', '1039609877'),
  (16, 6, 'hpo:key', '"002/1"'),
  (17, 6, 'hpo:seed', '242082922'),
  (18, 7, 'hpo:key', '"002/2"'),
  (19, 7, 'hpo:seed', '588508926');
INSERT INTO hpo_editions ("id", "name", "family", "run", "declaration", "fingerprint", "search_fingerprint", "dag_id", "run_id", "group_id", "created_at", "started_at", "finished_at", "end", "reason", "best_number", "best_value", "stop_reason") VALUES
  (1, 'demo@2026-10-01', 'demo', '2026-10-01', '{"name": "demo", "space": {"x": {"type": "float", "low": 0.0, "high": 1.0, "log": false}, "kind": {"type": "categorical", "choices": ["a", "b"]}}, "objective": {"metric": "loss", "direction": "minimize", "strategy": "last", "extra_metrics": ["time_s"]}, "max_trials": 8, "count": "successful", "parallelism": 4, "batch_size": 2, "max_failures": 4, "when_over": "finish", "sampler": {"name": "tpe", "options": {"n_startup_trials": 2}}, "pruner": {"name": "none", "options": {}}, "start_points": [], "seed": 0}', '39d10b1dc833fd9c', '94bdba496acf281d', 'tune', 'r', 'tune', '2026-11-21 14:37:42.881872', '2026-11-21 14:37:42.881872', NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO hpo_batches ("edition_id", "batch", "size", "sealed_at") VALUES
  (1, 1, 4, '2026-11-21 14:37:43.230288'),
  (1, 2, 3, '2026-11-21 14:37:44.171800');
INSERT INTO hpo_attempts ("id", "edition_id", "number", "attempt", "dag_id", "run_id", "task_id", "map_index", "try_number", "backend", "place", "work", "started_at", "finished_at", "outcome", "kind", "reason", "exit_code", "problems", "log_tail") VALUES
  (1, 1, 0, 1, 'tune', 'r', 'tune.batch_001.trial', 0, 1, 'process', '{"host": "here"}', '0f0f0f0f0f0f0f0f', '2026-11-21 14:37:43.308085', '2026-11-21 14:37:43.356736', 'complete', NULL, NULL, NULL, '[]', NULL),
  (2, 1, 1, 1, 'tune', 'r', 'tune.batch_001.trial', 1, 1, 'process', '{"host": "here"}', '0f0f0f0f0f0f0f0f', '2026-11-21 14:37:43.380673', '2026-11-21 14:37:43.470184', 'pruned', NULL, NULL, NULL, '[]', NULL),
  (3, 1, 2, 1, 'tune', 'r', 'tune.batch_001.trial', 2, 1, 'process', '{"host": "here"}', '0f0f0f0f0f0f0f0f', '2026-11-21 14:37:43.523511', '2026-11-21 14:37:43.577373', 'failed', 'program', 'It broke.', 3, '[]', 'a b'),
  (4, 1, 3, 1, 'tune', 'r', 'tune.batch_001.trial', 3, 1, 'process', '{"host": "here"}', '0f0f0f0f0f0f0f0f', '2026-11-21 14:37:43.757826', '2026-11-21 14:37:43.810143', 'failed', 'infrastructure', 'It broke.', 3, '[]', 'a b'),
  (5, 1, 3, 2, 'tune', 'r', 'tune.batch_001.trial', 3, 2, 'process', '{"host": "here"}', '0f0f0f0f0f0f0f0f', '2026-11-21 14:37:43.867922', NULL, 'running', NULL, NULL, NULL, '[]', NULL);
INSERT INTO hpo_metrics ("attempt_id", "name", "step", "value", "reported_at") VALUES
  (2, 'loss', 0, 2.0, '2026-11-21 14:37:43.391251'),
  (2, 'loss', 1, 1.5, '2026-11-21 14:37:43.391251'),
  (2, 'loss', 2, NULL, '2026-11-21 14:37:43.391251'),
  (5, 'loss', 0, 1.25, '2026-11-21 14:37:43.962679');
