using System.Collections.Immutable;
using System.Diagnostics;
using System.Runtime.InteropServices;
using Noded.Linux.Interop;

namespace Noded.Linux.Systemd;

/// <summary>
/// systemd's own interface on the system bus (org.freedesktop.systemd1(5)). Its calls block until the job is done:
/// seconds, when a service takes that long. Not thread-safe.
/// </summary>
public sealed class SystemdBus : IDisposable
{
    private const string Service = "org.freedesktop.systemd1";
    private const string ManagerPath = "/org/freedesktop/systemd1";
    private const string ManagerInterface = "org.freedesktop.systemd1.Manager";
    private const string NoSuchUnit = "org.freedesktop.systemd1.NoSuchUnit";
    private const string UnitExists = "org.freedesktop.systemd1.UnitExists";
    private const string JobRemoved = "JobRemoved";

    private static readonly TimeSpan JobPatience = TimeSpan.FromSeconds(90);

    private readonly TimeProvider _clock;
    private nint _bus;

    private SystemdBus(nint bus, TimeProvider clock) => (_bus, _clock) = (bus, clock);

    /// <summary>Whether systemd runs this machine (sd_booted(3)).</summary>
    public static bool IsRunning => Directory.Exists("/run/systemd/system");

    /// <exception cref="BusException">The system bus cannot be reached, or libsystemd is not installed.</exception>
    public static SystemdBus Open(TimeProvider clock)
    {
        SystemdBus opened = new(Connect(), clock);
        try
        {
            // The ends of jobs are told to those who asked before.
            using BusMessage match = opened.NewCall("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "AddMatch")
                .Add($"type='signal',sender='{Service}',interface='{ManagerInterface}',member='{JobRemoved}'");
            opened.Call(match, "watch systemd's jobs").Dispose();
            using BusMessage subscribe = opened.NewManagerCall("Subscribe");
            opened.Call(subscribe, "watch systemd's jobs").Dispose();
            return opened;
        }
        catch
        {
            opened.Dispose();
            throw;
        }
    }

    /// <summary>The main process of a service; null when it has none, or there is no such service.</summary>
    public int? FindMainPid(string unit)
    {
        LibSystemd.sd_bus_error error = default;
        int result = LibSystemd.sd_bus_get_property_trivial(
            _bus, Service, PathOf(unit), "org.freedesktop.systemd1.Service", "MainPID", ref error, (byte)'u', out uint pid);
        if (result >= 0)
        {
            return pid == 0 ? null : (int)pid;
        }

        BusException failure = BusException.From(ref error, result, $"read the main process of {unit}");
        return failure.Name == NoSuchUnit ? null : throw failure;
    }

    /// <summary>
    /// Starts a service, which is ready when this returns. systemd does not forget one that has ended while processes that
    /// it left behind live: such a one is started as it was defined then.
    /// </summary>
    /// <exception cref="BusException">systemd refuses, the service failed, or it takes longer than 90 s.</exception>
    public void Start(TransientService service)
    {
        string operation = $"start {service.Unit}";
        try
        {
            using BusMessage define = NewManagerCall("StartTransientUnit").Add(service.Unit).Add("replace")
                .AddArray("(sv)", properties => WriteProperties(properties, service))
                .AddArray("(sa(sv))", _ => { });
            RunJob(define, operation);
        }
        catch (BusException e) when (e.Name == UnitExists)
        {
            using BusMessage start = NewManagerCall("StartUnit").Add(service.Unit).Add("replace");
            RunJob(start, operation);
        }
    }

    /// <summary>
    /// Starts a slice with properties that it begins with and others that can change; one that exists is given the
    /// latter. systemd makes those above it by itself, which then exist without properties.
    /// </summary>
    /// <exception cref="BusException">systemd refuses.</exception>
    internal void EnsureSlice(string unit, ImmutableArray<UnitProperty> initial, ImmutableArray<UnitProperty> properties)
    {
        string operation = $"start {unit}";
        try
        {
            using BusMessage define = NewManagerCall("StartTransientUnit").Add(unit).Add("replace")
                .AddArray("(sv)", array => WriteAll(array, [.. initial, .. properties]))
                .AddArray("(sa(sv))", _ => { });
            RunJob(define, operation);
        }
        catch (BusException e) when (e.Name == UnitExists)
        {
            SetProperties(unit, properties);
            using BusMessage start = NewManagerCall("StartUnit").Add(unit).Add("replace");
            RunJob(start, operation);
        }
    }

    /// <summary>Changes a unit until it is stopped or the machine is; it keeps them over a reload of systemd.</summary>
    /// <exception cref="BusException">There is no such unit, or it has no such property.</exception>
    internal void SetProperties(string unit, ImmutableArray<UnitProperty> properties)
    {
        using BusMessage call = NewManagerCall("SetUnitProperties").Add(unit).Add(true)
            .AddArray("(sv)", array => WriteAll(array, properties));
        Call(call, $"set properties of {unit}").Dispose();
    }

    /// <summary>Stops a unit and forgets it; one that does not exist is stopped.</summary>
    public void Stop(string unit)
    {
        try
        {
            using BusMessage call = NewManagerCall("StopUnit").Add(unit).Add("replace");
            RunJob(call, $"stop {unit}");
        }
        catch (BusException e) when (e.Name == NoSuchUnit)
        {
            // Which is all that was asked.
        }
    }

    public void Dispose()
    {
        if (_bus != 0)
        {
            LibSystemd.sd_bus_flush_close_unref(_bus);
            _bus = 0;
        }
    }

    private static nint Connect()
    {
        const string Operation = "connect to the system bus";
        try
        {
            BusException.Check(LibSystemd.sd_bus_open_system(out nint bus), Operation);
            return bus;
        }
        catch (DllNotFoundException)
        {
            throw new BusException(Operation, null, $"{LibSystemd.Library} is not installed");
        }
    }

    private static void WriteAll(BusMessage properties, ImmutableArray<UnitProperty> all)
    {
        foreach (UnitProperty property in all)
        {
            switch (property)
            {
                case UnitProperty.Flag flag:
                    Write(properties, flag.Name, "b", value => value.Add(flag.Value));
                    break;
                case UnitProperty.Number number:
                    Write(properties, number.Name, "t", value => value.Add(number.Value));
                    break;
                case UnitProperty.Text text:
                    Write(properties, text.Name, "s", value => value.Add(text.Value));
                    break;
                default:
                    throw new UnreachableException();
            }
        }
    }

    private static void WriteProperties(BusMessage properties, TransientService service)
    {
        Write(properties, "Description", "s", value => value.Add(service.Description));
        Write(properties, "Type", "s", value => value.Add(service.Notifies ? "notify" : "exec"));
        Write(properties, "ExecStart", "a(sasb)", value => value.AddArray("(sasb)", commands => commands.AddStruct(
            "sasb",
            command => command.Add(service.Command[0])
                .AddArray("s", arguments => WriteAll(arguments, service.Command))
                .Add(false))));
        Write(properties, "Environment", "as", value => value.AddArray("s", all => WriteAll(all, service.Environment)));
        Write(properties, "OOMScoreAdjust", "i", value => value.Add(service.OomScoreAdjust));
        Write(properties, "KillMode", "s", value => value.Add("process"));
        Write(properties, "Delegate", "b", value => value.Add(true));
        Write(properties, "TasksMax", "t", value => value.Add(ulong.MaxValue));
        Write(properties, "LimitNOFILE", "t", value => value.Add(1048576ul));
        Write(properties, "Restart", "s", value => value.Add("always"));
        Write(properties, "RestartUSec", "t", value => value.Add(1_000_000ul));

        // One that failed for good would keep its name.
        Write(properties, "CollectMode", "s", value => value.Add("inactive-or-failed"));
    }

    private static void WriteAll(BusMessage message, IEnumerable<string> values)
    {
        foreach (string value in values)
        {
            message.Add(value);
        }
    }

    private static void Write(BusMessage properties, string name, string type, Action<BusMessage> write) =>
        properties.AddStruct("sv", property => property.Add(name).AddVariant(type, write));

    private static unsafe string PathOf(string unit)
    {
        BusException.Check(
            LibSystemd.sd_bus_path_encode(ManagerPath + "/unit", unit, out nint path), $"write the path of {unit}");
        string text = Marshal.PtrToStringUTF8(path)!;
        NativeMemory.Free((void*)path);
        return text;
    }

    private void RunJob(BusMessage call, string operation)
    {
        using BusMessage reply = Call(call, operation);
        string result = WaitForJob(reply.ReadText('o'), operation);
        if (result is not ("done" or "skipped"))
        {
            throw new BusException(operation, null, $"the job ended as {result}; see journalctl");
        }
    }

    private string WaitForJob(string job, string operation)
    {
        long start = _clock.GetTimestamp();
        while (true)
        {
            int processed = BusException.Check(LibSystemd.sd_bus_process(_bus, out nint handle), operation);
            using BusMessage message = new(handle);
            if (handle != 0 && message.IsSignal(ManagerInterface, JobRemoved))
            {
                message.ReadUInt32();
                if (message.ReadText('o') == job)
                {
                    message.ReadText('s');
                    return message.ReadText('s');
                }
            }

            if (processed == 0)
            {
                TimeSpan rest = JobPatience - _clock.GetElapsedTime(start);
                if (rest <= TimeSpan.Zero)
                {
                    throw new BusException(operation, null, $"not done after {JobPatience.TotalSeconds} s");
                }

                BusException.Check(LibSystemd.sd_bus_wait(_bus, (ulong)rest.TotalMicroseconds), operation);
            }
        }
    }

    private BusMessage NewManagerCall(string member) => NewCall(Service, ManagerPath, ManagerInterface, member);

    private BusMessage NewCall(string destination, string path, string @interface, string member)
    {
        BusException.Check(
            LibSystemd.sd_bus_message_new_method_call(_bus, out nint message, destination, path, @interface, member),
            $"begin a call of {member}");
        return new BusMessage(message);
    }

    private BusMessage Call(BusMessage call, string operation)
    {
        LibSystemd.sd_bus_error error = default;
        int result = LibSystemd.sd_bus_call(_bus, call.Handle, 0, ref error, out nint reply);
        return result >= 0 ? new BusMessage(reply) : throw BusException.From(ref error, result, operation);
    }
}
