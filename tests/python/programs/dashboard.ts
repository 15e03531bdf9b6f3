async function fetchDashboard(apiKey: string, timeRange: '7d' | '30d' | '90d') {
const [aggregate, station, cost] = await Promise.all([
fetch(`https://app.rensei.ai/api/factory/metrics?metricType=aggregate&timeRange=${timeRange}`, {
headers: { 'Authorization': `Bearer ${apiKey}` }
}).then(r => r.json()),
fetch(`https://app.rensei.ai/api/factory/metrics?metricType=station&timeRange=${timeRange}`, {
headers: { 'Authorization': `Bearer ${apiKey}` }
}).then(r => r.json()),
fetch(`https://app.rensei.ai/api/factory/metrics?metricType=cost&timeRange=${timeRange}`, {
headers: { 'Authorization': `Bearer ${apiKey}` }
}).then(r => r.json())
])
return { aggregate: aggregate.metrics, stations: station.metrics, costs: cost.metrics }
}
