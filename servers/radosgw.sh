#!/usr/bin/env bash
# A Ceph of one node with an S3 gateway, on loopback, for as long as the standard input of this script is open.
# usage: radosgw.sh FOLDER MONITOR_PORT S3_PORT ACCESS_KEY_ID SECRET_ACCESS_KEY
# Says "started" when S3 answers. Then it does what the lines of its input say: "stop" ends the gateway and keeps the data
# ("stopped"); "start" brings it back on the same port ("started"). At the end of the input, which also comes
# when whoever started this is killed, every process is ended and the folder removed.
set -euo pipefail
folder=$1 monitor="[v2:127.0.0.1:$2]" s3_port=$3 access_key_id=$4 secret_access_key=$5

end() {
  # Nothing is worth saving, so nothing needs time to shut down.
  kill -KILL $(jobs -p) 2>/dev/null || true
  wait
  rm -rf "$folder"
}
trap end EXIT

# What runs from here on must not eat the commands, nor answer them.
exec 3<&0 4>&1 </dev/null
mkdir -p "$folder"/{mon,osd,rgw,log}
cd "$folder"
exec >log/output 2>&1
export CEPH_CONF=$folder/ceph.conf
fsid=$(cat /proc/sys/kernel/random/uuid)
cat >"$CEPH_CONF" <<CONFIGURATION
[global]
fsid = $fsid
mon host = $monitor
ms bind msgr1 = false
public addr = 127.0.0.1
cluster addr = 127.0.0.1
public network = 127.0.0.0/8
auth cluster required = cephx
auth service required = cephx
auth client required = cephx
keyring = $folder/keyring
run dir = $folder
admin socket =
log file = $folder/log/\$name.log
mon data = $folder/mon
mon allow pool size one = true
mon warn on pool no redundancy = false
mon data avail crit = 1
osd data = $folder/osd
osd objectstore = bluestore
osd memory target = 939524096
osd crush chooseleaf type = 0
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 8
osd pool default pgp num = 8
bluestore block size = 8589934592
bluestore block create = true
rgw data = $folder/rgw
rgw frontends = beast endpoint=127.0.0.1:$s3_port tcp_nodelay=1
CONFIGURATION

ceph-authtool --create-keyring keyring --gen-key -n mon. --cap mon 'allow *'
ceph-authtool keyring --gen-key -n client.admin --cap mon 'allow *' --cap osd 'allow *' --cap mgr 'allow *'
monmaptool --create --clobber --fsid "$fsid" --addv a "$monitor" monmap
ceph-mon --mkfs -i a --monmap monmap --keyring keyring
ceph-mon -f -i a &
timeout 60 ceph osd create
for entity in osd.0 client.rgw.a; do
  timeout 60 ceph auth get-or-create $entity mon 'allow *' osd 'allow *' mgr 'allow *' >>keyring
done
ceph-osd -i 0 --mkfs
ceph-osd -f -i 0 &
timeout 120 radosgw-admin user create --uid test --display-name test \
  --access-key "$access_key_id" --secret-key "$secret_access_key"

start_gateway() {
  radosgw -f -n client.rgw.a &
  gateway=$!
  until (: <>"/dev/tcp/127.0.0.1/$s3_port") 2>/dev/null; do
    kill -0 $gateway
    sleep 0.1
  done
  echo started >&4
}

start_gateway
while read -r command <&3; do
  case $command in
    start) start_gateway ;;
    stop)
      # One that is killed keeps its successor waiting for it, for half a minute now and then.
      kill -TERM $gateway
      wait $gateway || true
      echo stopped >&4
      ;;
  esac
done
