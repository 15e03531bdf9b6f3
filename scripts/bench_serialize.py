import duckdb, sys, time, os, tempfile, json, resource
from factory_metrics.documents import Mart, ddl, read_documents
from factory_metrics.contract import METRIC_TYPES
from factory_metrics.settings import time_ranges

ORGS=int(sys.argv[1])
STATIONS="['research','development','security','qa','acceptance','deploy']"
def lst(n, item): return f"list_transform(range({n}), lambda i: {item})"
def num(k): return f"round((hash(o, {k}) % 10000000) / 10000, 4)"
QUERIES={
"aggregate": lambda d: f"SELECT org_id, as_of, hash(o)%1000 AS total_issues, {num(1)} AS total_cost, hash(o,1)%100000000 AS avg_cycle_time_ms, round(hash(o,2)%1000/10,1) AS avg_yield, 1.57 AS throughput_per_day, {lst(d, num('i'))} AS cost_trend FROM orgs",
"station": lambda d: f"SELECT org_id, as_of, p AS station_position, {STATIONS}[p] AS station, hash(o,p)%10 AS wip_count, hash(o,p,1)%1000 AS throughput, hash(o,p,2)%100000000 AS cycle_time_ms, round(hash(o,p,3)%1000/10,1) AS yield FROM orgs, range(1,7) t(p)",
"cost": lambda d: f"SELECT org_id, as_of, {num(1)} AS avg_cost_per_issue, list_transform({STATIONS}, lambda s: struct_pack(station:=s, cost:={num('s')})) AS cost_per_station, {lst(d, f'struct_pack(date:=date_add(DATE $$2026-04-01$$, CAST(i AS INTEGER)), cost:={num(chr(105))})')} AS cost_trend, 25.0 AS human_time_pct, 75.0 AS agent_time_pct FROM orgs",
"provider": lambda d: f"SELECT org_id, as_of, p AS provider_position, 'provider-' || p AS provider, round(hash(o,p,3)%1000/10,1) AS success_rate, {num('p')} AS avg_cost, hash(o,p,2)%100000000 AS avg_duration_ms, hash(o,p,5)%1000 AS total_runs, {num('p+10')} AS cost_efficiency FROM orgs, range(1,7) t(p) WHERE p <= o % 5",
"handoff": lambda d: f"SELECT org_id, as_of, hash(o)%10000000 AS avg_review_latency_ms, 0.92 AS acceptance_rate, 0.08 AS override_frequency, 0.0736 AS handoff_friction_score, {lst(f'o % {d//3+1}', 'struct_pack(date:=date_add(DATE $$2026-04-01$$, CAST(3*i AS INTEGER)), count:=1+hash(o,i)%5)')} AS override_timeline FROM orgs",
"phase": lambda d: f"SELECT org_id, as_of, list_transform({STATIONS}, lambda s: struct_pack(phase:=s, avg_cycle_time_ms:=hash(o,s)%100000000, avg_cost_usd:={num('s')}, throughput:=hash(o,s,1)%1000)) AS phases, 1.08 AS avg_cycles_per_issue, 4 AS total_reworks, 47 AS total_completed, [struct_pack(strategy:='auto_escalate', count:=3, percentage:=6.4), struct_pack(strategy:='human_review', count:=44, percentage:=93.6)] AS escalation_distribution FROM orgs",
"devops": lambda d: f"""SELECT org_id, as_of, 99.5 AS uptime_pct, 12 AS active_deployments, 0 AS open_incidents, '2.5/day' AS deployment_frequency, '5.2%' AS change_failure_rate, '4.5h' AS lead_time_for_changes, '15m' AS mean_time_to_recovery,
{lst('CASE WHEN o%3=0 THEN 50 ELSE o%20 END',"struct_pack(name:='main', status:='success', duration:='12m', trigger:='push', branch:='feature/'||i, commit:=md5(CAST(i AS VARCHAR)), started_at:='2026-06-02T14:00:00Z')")} AS pipelines,
{lst('CASE WHEN o%3=0 THEN 50 ELSE o%10 END',"struct_pack(id:='dep_'||i, version:='v1.2.'||i, environment:='production', status:='success', deployed_at:='2026-06-02T14:15:00Z', deployed_by:='agent-claude-sonnet', is_rollback:=i%20=0)")} AS deployments,
{lst('o%5',"struct_pack(id:='inc_'||i, title:='Queue grows in '||i, severity:='major', status:='resolved', opened_at:='2026-06-02T14:15:00Z', resolved_at:='2026-06-02T15:15:00Z', deployment_id:='dep_'||i)")} AS incidents FROM orgs""",
}
path=sys.argv[2]
if not os.path.exists(path):
    c=duckdb.connect(path)
    c.execute(f"CREATE TEMP TABLE orgs AS SELECT o, 'org-' || md5(CAST(o AS VARCHAR)) AS org_id, TIMESTAMP '2026-06-30 12:00:00' AS as_of FROM range({ORGS}) t(o)")
    for r in time_ranges():
        for m in METRIC_TYPES:
            mart=Mart(m,r)
            cols=mart.columns()
            c.execute(f"CREATE TABLE {mart.name} ({', '.join(f'{chr(34)}{n}{chr(34)} {ddl(t)}' for n,t in cols.items())})")
            c.execute(f"INSERT INTO {mart.name} BY NAME {QUERIES[m](int(r[:-1]))}")
    c.close()
con=duckdb.connect(path, read_only=True)
if len(sys.argv)>3: con.execute(f"SET memory_limit='{sys.argv[3]}'")
N=B=0; T=time.perf_counter()
for r in time_ranges():
    for m in METRIC_TYPES:
        t=time.perf_counter(); n=b=0
        for o,d in read_documents(con, Mart(m,r)): n+=1; b+=len(d)
        t=time.perf_counter()-t
        print(f"{m}_{r} {n} docs {b//n} bytes {n/t:.0f}/s", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss//1024); N+=n;B+=b
T=time.perf_counter()-T
print(N, B//N, N/T, B/T/1e6,"MB/s")
