#!/bin/bash
API_KEY="rsk_live_..."
YIELD_THRESHOLD=70
yield=$(curl -s -H "Authorization: Bearer $API_KEY" \
"https://app.rensei.ai/api/factory/metrics?metricType=aggregate&timeRange=7d" \
| jq '.metrics.avgYield')
if (( $(echo "$yield < $YIELD_THRESHOLD" | bc -l) )); then
echo "⚠️ Alert: Yield is ${yield}% (threshold: ${YIELD_THRESHOLD}%)"
# Send Slack notification, trigger escalation, etc.
fi
