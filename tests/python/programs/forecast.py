import requests
from datetime import datetime, timedelta
API_KEY = "rsk_live_..."
# Fetch last 90 days of cost trend
response = requests.get(
"https://app.rensei.ai/api/factory/metrics",
params={"metricType": "cost", "timeRange": "90d"},
headers={"Authorization": f"Bearer {API_KEY}"}
)
trend = response.json()["metrics"]["costTrend"]
daily_costs = [t["cost"] for t in trend]
avg_daily = sum(daily_costs) / len(daily_costs)
monthly_forecast = avg_daily * 30
print(f"Forecasted monthly cost: ${monthly_forecast:.2f}")
